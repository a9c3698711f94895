"""A site as a whole: what its files hold, and that readers see it whole."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from insight_dagster.errors import InsightError
from insight_dagster.report.page_shell import PAGE
from insight_dagster.report.report_data import SHOWN, ReportData
from insight_dagster.report.runs import known_runs
from insight_dagster.report.site import write_site
from tests.support.report_files import files_of, newest_run, value_of


def test_a_run_is_written_with_all_that_the_page_names(make_data) -> None:
    data = make_data()
    page = write_site(data, data.home / "report")
    site = page.parent
    assert page == site / PAGE
    shell = page.read_text(encoding="utf-8")
    named = set(re.findall(r'(?:src|href)="([^"#:]+)"', shell))
    assert named <= files_of(site)
    assert len(named) == 2
    assert "http" not in shell.replace("http-equiv", "")
    clips = value_of(newest_run(site) / "clips.js")
    assert clips["rows"] == 120
    assert set(clips["thumbs"]) <= files_of(site)
    cards = value_of(newest_run(site) / "insights.js")["cards"]
    heats = {example["heat"] for card in cards for example in card["examples"]}
    assert heats
    assert heats | {card["average"] for card in cards} <= files_of(site)


def test_writing_again_gives_the_same_files(make_data) -> None:
    data = make_data()
    site = write_site(data, data.home / "report").parent
    before = {name: (site / name).read_bytes() for name in files_of(site)}
    write_site(data, site)
    assert {name: (site / name).read_bytes() for name in files_of(site)} == before


def test_a_failed_write_leaves_the_last_run(make_data, monkeypatch) -> None:
    data = make_data()
    site = write_site(data, data.home / "report").parent
    before = files_of(site)

    def refuse(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("insight_dagster.report.runs.json.dumps", refuse)
    with pytest.raises(InsightError, match="cannot be written \\(disk full\\)"):
        write_site(replace(data, run_id="another"), site)
    assert files_of(site) == before
    assert len(known_runs(site)) == 1


def test_a_run_that_finds_nothing_new_adds_none(make_data) -> None:
    data = make_data(clips=20)
    site = write_site(data, data.home / "report").parent
    later = replace(data, run_id="later", created_at=data.created_at + timedelta(days=1))
    write_site(later, site)
    assert [run["run_id"] for run in known_runs(site)] == [data.run_id]
    write_site(replace(later, clip_manifest=data.clip_manifest.iloc[1:]), site)
    assert [run["run_id"] for run in known_runs(site)] == ["later", data.run_id]


def test_the_order_of_rows_does_not_matter(make_data, tmp_path) -> None:
    data = make_data()
    mixed = {
        table.name: getattr(data, table.name).sample(frac=1, random_state=3, ignore_index=True)
        for table in SHOWN
    }
    sites = [write_site(data, tmp_path / "a").parent]
    sites.append(write_site(replace(data, **mixed), tmp_path / "b").parent)
    first, second = ({n: (s / n).read_bytes() for n in files_of(s)} for s in sites)
    assert first == second


def test_an_empty_home_is_a_site(empty_data: ReportData) -> None:
    site = write_site(empty_data, empty_data.home / "report").parent
    assert value_of(newest_run(site) / "clips.js")["rows"] == 0
    assert value_of(newest_run(site) / "overview.js")["facts"]["accuracy"] is None
