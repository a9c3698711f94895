"""The runs of a site: which are kept, listed, replaced and deleted."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from insight_dagster.report.runs import RUNS_KEPT, delete_old_runs, known_runs
from insight_dagster.report.site import write_site
from tests.support.report_files import files_of, newest_run, value_of


def test_ten_runs_are_kept_with_their_pictures_alone(make_data) -> None:
    data = make_data(clips=20)
    site = data.home / "report"
    for turn in range(RUNS_KEPT + 2):
        later = data.created_at + timedelta(days=turn)
        found = data.insights.assign(severity=0.5 + turn / 100)
        write_site(replace(data, run_id=f"run{turn}", created_at=later, insights=found), site)
        listed = [run["name"] for run in value_of(site / "runs.js")]
        assert listed == [run["name"] for run in known_runs(site)]
    assert [run["run_id"] for run in known_runs(site)] == [f"run{n}" for n in range(11, 1, -1)]
    gone = data.clip_manifest["content_key"].iloc[0]
    without = data.clip_manifest[data.clip_manifest["content_key"] != gone]
    for turn in range(RUNS_KEPT):
        later = data.created_at + timedelta(days=30 + turn)
        found = data.insights.assign(severity=0.1 + turn / 100)
        changed = replace(data, run_id=f"new{turn}", created_at=later, clip_manifest=without)
        write_site(replace(changed, insights=found), site)
    assert not any(gone in name for name in files_of(site))
    assert sum(name.startswith("sheets/") for name in files_of(site)) == 19


def test_a_run_that_writes_again_replaces_itself(make_data) -> None:
    data = make_data(clips=10)
    site = write_site(data, data.home / "report").parent
    write_site(replace(data, created_at=data.created_at + timedelta(minutes=1)), site)
    assert [run["created_at"] for run in known_runs(site)] == ["2026-03-14 02:01:00 UTC"]


def test_an_unreadable_run_is_neither_listed_nor_kept(make_data) -> None:
    data = make_data(clips=10)
    site = data.home / "report"
    (site / "runs" / "odd").mkdir(parents=True)
    (site / "runs" / "odd" / "run.json").write_text("{")
    write_site(data, site)
    assert len(value_of(site / "runs.js")) == 1
    assert not (site / "runs" / "odd").exists()


def test_nothing_is_deleted_while_a_run_cannot_be_read(make_data, monkeypatch) -> None:
    data = make_data(clips=10)
    site = write_site(data, data.home / "report").parent
    old = newest_run(site) / "run.json"
    real = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path == old:
            raise PermissionError("not now")
        return real(path)

    before = files_of(site)
    monkeypatch.setattr(Path, "read_bytes", refuse)
    monkeypatch.setattr("insight_dagster.report.runs.RUNS_KEPT", 0)
    delete_old_runs(site)
    assert files_of(site) == before
