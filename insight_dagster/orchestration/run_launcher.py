"""Dagster's default run launcher, and the knowledge whether a run's process is still alive.

The daemon's run monitoring asks its launcher; the default one cannot tell, so that a run whose
process was killed would stay "started" for ever: its backfill would wait for it, and its places
in the pools would be lost. Named in the home's `dagster.yaml`. For runs on this machine.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from dagster import (
    DagsterEventType,
    DagsterInstance,
    DagsterRun,
    DagsterRunStatus,
    RunsFilter,
)
from dagster._core.launcher import CheckRunHealthResult, DefaultRunLauncher, WorkerStatus


class WatchedRunLauncher(DefaultRunLauncher):
    """Launches runs as the default launcher does, and can check on them."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Yes: that is what it is for."""
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """Whether the process that works on a run is alive; unknown counts as alive."""
        process = worker_process(self._instance, run)
        if process is not None and not is_alive(*process):
            reason = f"the run's process {process[0]} is gone"
            return CheckRunHealthResult(WorkerStatus.FAILED, reason)
        return CheckRunHealthResult(WorkerStatus.RUNNING)


def end_dead_runs(instance: DagsterInstance) -> list[str]:
    """Mark runs whose process is gone as failed and free their places in the pools.

    The daemon does so every few seconds; without one, a killed run would hold its place for ever.

    Returns:
        Ids of the runs.
    """
    statuses = [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]
    ended = []
    for run in instance.get_runs(RunsFilter(statuses=statuses)):
        process = worker_process(instance, run)
        if process is not None and not is_alive(*process):
            instance.report_run_failed(run, f"the run's process {process[0]} is gone")
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
            ended.append(run.run_id)
    return ended


def worker_process(instance: DagsterInstance, run: DagsterRun) -> tuple[int, float] | None:
    """Process id of a run's worker and the time it reported itself; None before it did."""
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


def is_alive(pid: int, seen_at: float) -> bool:
    """Whether a process exists that already did at a time; a later one has taken its number.

    Args:
        pid: process id.
        seen_at: when it reported itself, in seconds since 1970.
    """
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    state = _state(pid)
    return state is None or (state[0] not in "ZX" and state[1] <= seen_at + 1)


def _state(pid: int) -> tuple[str, float] | None:
    """State letter and start time of a process, where the system tells (Linux)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        uptime = float(Path("/proc/uptime").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None
    started = time.time() - uptime + int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return fields[0], started
