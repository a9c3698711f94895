"""The data of the first page."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from insight_dagster.report.pages.clip_columns import joined_clips
from insight_dagster.report.pages.overview import overview


def test_quarantined_clips_are_listed_and_not_counted(make_data) -> None:
    data = make_data(clips=20)
    summary = overview(data, joined_clips(data), since=None)
    assert (summary["facts"]["clips"], summary["facts"]["quarantined"]) == (20, 1)
    assert summary["quarantine"][0]["problem"] == "cut.mp4 ends after 12 of 102 frames"


def test_changes_are_the_ledger_lines_since_the_previous_run(make_data) -> None:
    data = make_data()
    clips = joined_clips(data)
    assert overview(data, clips, since=None)["changes"] is None
    summary = overview(data, clips, since=1)["changes"]
    assert {each["status"] for each in summary} == {"growing"}
    assert [each["sentence"] for each in summary] == data.insights["sentence"].tolist()
    assert overview(data, clips, since=2)["changes"] == []


def test_the_space_shown_is_that_of_the_projection(make_data) -> None:
    data = make_data()
    newer = data.latent_spaces.assign(space_id="newer", sequence=2, clusters=99)
    spaces = pd.concat([data.latent_spaces.assign(sequence=1), newer])
    data = replace(data, latent_spaces=spaces, projection=data.projection.assign(space_id="space"))
    assert overview(data, joined_clips(data), since=None)["facts"]["space"]["clusters"] == 5


def test_clips_without_predictions_are_shown_unscored(make_data) -> None:
    data = make_data(clips=10)
    data = replace(data, predictions=data.predictions.head(0))
    summary = overview(data, joined_clips(data), since=None)
    assert summary["facts"]["scored"] == 0
    assert all(score["scored"] == 0 for score in summary["scores"])
