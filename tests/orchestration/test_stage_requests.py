"""Waiting for the runs of a stage."""

import dagster as dg
import pytest

from insight_dagster.errors import DatabaseBusyError, RunFailedError
from insight_dagster.orchestration.stage_requests import wait_for_runs


def run(number, status):
    return dg.DagsterRun("job", run_id=f"run {number}", status=status)


DONE, FAILED, STARTED = (
    dg.DagsterRunStatus.SUCCESS,
    dg.DagsterRunStatus.FAILURE,
    dg.DagsterRunStatus.STARTED,
)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr("insight_dagster.orchestration.stage_requests.POLL_SECONDS", 0)


def test_every_run_that_has_ended_is_told_once():
    states = iter([[STARTED, DONE], [STARTED, DONE], [FAILED, DONE]])
    told = []
    wait_for_runs(
        lambda: [run(number, status) for number, status in enumerate(next(states))],
        count=2,
        log=lambda line: None,
        name="stage",
        on_ended=lambda ended: told.append(ended.run_id),
    )
    assert told == ["run 1", "run 0"]


def test_a_run_that_ends_the_night_is_not_waited_past():
    def stop(ended):
        raise DatabaseBusyError(f"{ended.run_id} could not use the database")

    with pytest.raises(DatabaseBusyError, match="run 1"):
        wait_for_runs(
            lambda: [run(0, STARTED), run(1, FAILED)],
            count=2,
            log=lambda line: None,
            name="stage",
            on_ended=stop,
        )


def test_runs_that_are_never_launched_are_given_up(monkeypatch):
    monkeypatch.setattr("insight_dagster.orchestration.stage_requests.LAUNCH_SECONDS", 0.01)
    with pytest.raises(RunFailedError, match="1 of 2 runs were launched"):
        wait_for_runs(lambda: [run(0, DONE)], count=2, log=lambda line: None, name="stage")
