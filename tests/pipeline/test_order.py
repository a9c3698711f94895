"""What is newest does not depend on the clock."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from insight_dagster.database import Database
from insight_dagster.database.writes import ReplacePartition, Upsert
from insight_dagster.pipeline.home import note_of_last_write, note_of_latest_time
from insight_dagster.pipeline.latent_space.space_rows import newest_space
from insight_dagster.pipeline.snapshots import newest_baseline
from insight_dagster.report.runs import known_runs
from insight_dagster.tables import (
    BASELINES,
    CLUSTERS,
    DRIFT,
    INSIGHT_LEDGER,
    LATENT_SPACES,
    PINNED_INSIGHTS,
    PROJECTION,
    STEP_FAILURES,
    clock,
)
from tests.support.made_up_home import MadeUpHome
from tests.support.report_files import value_of

TODAY = datetime(2026, 3, 14, 12, tzinfo=UTC)
DAYS = st.integers(-3000, 3000)


@contextmanager
def clock_says(when):
    """Stop the clock at a time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "datetime", SimpleNamespace(now=lambda _: when))
        yield


def row_of(table, **values):
    empty = {
        "VARCHAR": "", "VARCHAR[]": [], "INTEGER": 0, "DOUBLE": 0.0,
        "TIMESTAMP": datetime(2026, 1, 1),
    }  # fmt: skip
    rest = {each.name: empty[each.sql_type] for each in table.columns if each.name != "sequence"}
    return table.from_rows([rest | values])


@pytest.mark.parametrize("days", [[1500, 0, 1], [0, 0, 0], [0, -3000, -3001]])
def test_the_newest_is_the_one_written_last(tmp_path, days):
    store = Database(tmp_path / "d.duckdb")
    for number, day in enumerate(days):
        name, when = str(number), (TODAY + timedelta(day)).replace(tzinfo=None)
        space = row_of(LATENT_SPACES, space_id=name, created_at=when)
        baseline = row_of(BASELINES, baseline_id=name, created_at=when)
        failure = row_of(STEP_FAILURES, asset=name, failed_at=when)
        store.write(
            ReplacePartition(LATENT_SPACES, space, name),
            ReplacePartition(BASELINES, baseline, name),
            Upsert(STEP_FAILURES, failure),
        )
        assert newest_space(store)["space_id"] == newest_baseline(store)["baseline_id"] == name


def test_a_clock_that_was_set_back_is_said(tmp_path):
    store = Database(tmp_path / "d.duckdb")

    def write(days):
        with clock_says(TODAY + timedelta(days)):
            notes = note_of_last_write(store), note_of_latest_time(store)
            store.write(Upsert(STEP_FAILURES, row_of(STEP_FAILURES)))
            return notes

    assert write(0) == write(1500) == (None, None)
    for note in write(0):
        assert "is behind the lat" in note.replace("last", "lat") and "1500 days" in note
    last, latest = write(0)
    assert last is None and "1500 days (2030-04-22 12:00 UTC)" in latest
    assert write(-1 / 24)[0].startswith("the clock is behind the last recorded time by 1 h 0 min")
    assert write(-1 / 24 - 30 / 86_400)[0] is None, "clocks of two machines differ by as much"
    assert write(1600) == (None, None)


def present(home: MadeUpHome) -> dict[str, object]:
    """What a user sees, but for times and the ids that hold them."""
    reasons = {None: None} | {
        row["baseline_id"]: row["reason"] for row in home.store.rows(BASELINES).to_pylist()
    }
    space, baseline = newest_space(home.store), newest_baseline(home.store)
    ledger = home.store.rows(INSIGHT_LEDGER).to_pylist()
    pins = home.store.rows(PINNED_INSIGHTS).to_pylist()
    runs = known_runs(home.folders.report)
    shown = home.folders.report / "runs" / runs[0]["name"] if runs else None
    return {
        "space": space and space["space_id"],
        "placed": [set(home.store.rows(t)["space_id"].to_pylist()) for t in (PROJECTION, CLUSTERS)],
        "baseline": baseline and baseline["reason"],
        "compared with": {
            reasons[each] for each in home.store.rows(DRIFT)["baseline_id"].to_pylist()
        },
        "with clips": {
            reasons[row["baseline_id"]]
            for row in home.store.read(
                "SELECT DISTINCT baseline_id FROM baseline_clips"
            ).to_pylist()
        },
        "ledger": [
            (row["ledger_id"], row["run_id"], row["status"], row["size"])
            for row in sorted(ledger, key=lambda row: (row["sequence"], row["ledger_id"]))
        ],
        "pins": [row["insight_id"] for row in sorted(pins, key=lambda row: row["sequence"])],
        "runs": [run["run_id"] for run in runs],
        "changes": value_of(shown / "overview.js")["changes"] if shown else None,
    }


def history(folder: Path, steps, days) -> list[dict[str, object]]:
    with clock_says(TODAY):
        home = MadeUpHome(folder)
    states = []
    for (operation, *what), day in zip(steps, days, strict=True):
        with clock_says(TODAY + timedelta(day)):
            getattr(home, operation)(*what)
        states.append(present(home))
    return states


_RUN, _PROMOTE = st.just(("run",)), st.just(("promote",))
_PIN = st.tuples(st.just("pin"), st.integers(0, 9))
_REMOVE = st.tuples(st.just("remove"), st.integers(0, 9))
_STEPS = st.lists(st.one_of(_RUN, _PROMOTE, _PIN, _REMOVE), min_size=3, max_size=4)


@pytest.mark.slow
@pytest.mark.timeout(900)
@given(steps=_STEPS, jumps=st.lists(DAYS, min_size=6, max_size=6))
@settings(
    max_examples=2,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
def test_a_clock_that_jumps_changes_nothing_but_times(steps, jumps):
    steps = [("run",), *steps, ("run",)]
    with tempfile.TemporaryDirectory() as name:
        steady = history(Path(name) / "steady", steps, range(len(steps)))
        jumping = history(Path(name) / "jumping", steps, jumps[: len(steps)])
    assert jumping == steady
