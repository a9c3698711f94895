"""Dagster's default run launcher, extended to tell whether the process of a run is alive.

The daemon's run monitoring asks the launcher. The default launcher cannot tell: a run whose process
was killed would stay "started", its backfill would wait for it, and it would keep its slots in the
concurrency pools. The home's `dagster.yaml` names `WatchedRunLauncher`; it works for runs on this
machine.
"""

from __future__ import annotations

from dagster import (
    DagsterEventType,
    DagsterInstance,
    DagsterRun,
    DagsterRunStatus,
    DefaultRunLauncher,
    RunsFilter,
)

from insight_dagster.orchestration.dagster_internals import (
    CheckRunHealthResult,
    WorkerStatus,
    fail_run,
)
from insight_dagster.orchestration.run_process import process_of_tags, process_seen_at

_UNFINISHED = [
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
]


class WatchedRunLauncher(DefaultRunLauncher):
    """Launches runs as the default launcher does, and checks whether they are alive."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Whether runs can be checked: always."""
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """Return whether the process of a run is alive; an unknown process counts as alive."""
        reason = _death_of(self._instance, run)
        if reason is not None:
            return CheckRunHealthResult(WorkerStatus.FAILED, reason)
        return CheckRunHealthResult(WorkerStatus.RUNNING)


def end_dead_runs(instance: DagsterInstance) -> list[str]:
    """Mark runs whose process is gone as failed and free their slots in the concurrency pools.

    The daemon does the same every few seconds. Where none is running, a killed run would keep its
    slot.

    Returns:
        Ids of the runs.
    """
    ended = []
    for run in instance.get_runs(RunsFilter(statuses=_UNFINISHED)):
        reason = _death_of(instance, run)
        if reason is not None:
            fail_run(instance, run, reason)
            ended.append(run.run_id)
    return ended


def _death_of(instance: DagsterInstance, run: DagsterRun) -> str | None:
    """Return why a run is dead, None if it is alive.

    A process that is seen alive is remembered in a tag, so that later looks need no time.
    """
    process = process_of_tags(run.run_id, run.tags)
    if process is not None:
        return None if process.is_alive() else _gone(process.pid)
    reported = worker_process(instance, run)
    if reported is None:
        return None
    pid, seen_at = reported
    found = process_seen_at(pid, seen_at)
    if found is None:
        return _gone(pid)
    instance.add_run_tags(run.run_id, found.to_tags(run.run_id))
    return None


def _gone(pid: int) -> str:
    return f"the run's process {pid} is gone"


def worker_process(instance: DagsterInstance, run: DagsterRun) -> tuple[int, float] | None:
    """Return a run's process id and when the process reported it; None before it did."""
    records = instance.get_records_for_run(
        run.run_id, of_type=DagsterEventType.ENGINE_EVENT, limit=20
    ).records
    for record in records:
        entry = record.event_log_entry
        data = entry.dagster_event.engine_event_data if entry.dagster_event else None
        pid = data.metadata.get("pid") if data else None
        if pid is not None:
            return int(str(pid.value)), entry.timestamp
    return None
