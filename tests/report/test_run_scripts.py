"""What a run adds to a site."""

from __future__ import annotations

import base64

import numpy as np

from insight_dagster.report import pictures as pictures_module
from insight_dagster.report.pages.clip_columns import joined_clips
from insight_dagster.report.site import write_site
from tests.support.report_files import newest_run, value_of


def test_of_many_clips_members_and_wrong_ones_are_pictured_first(make_data, monkeypatch) -> None:
    monkeypatch.setattr("insight_dagster.report.run_scripts.MOST_SHEETS", 80)
    data = make_data(clips=200)
    site = write_site(data, data.home / "report").parent
    pictured = value_of(newest_run(site) / "clips.js")["columns"]["pictured"]
    flags = np.frombuffer(base64.b64decode(pictured["data"]), np.uint8).astype(bool)
    clips = joined_clips(data)
    first = clips["clip_id"].isin(data.insight_members["clip_id"]) | ~clips["correct"].astype(bool)
    assert flags.sum() == 80
    assert flags[first].all()
    assert pictures_module.MOST_SHEETS == 20_000
