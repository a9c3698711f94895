"""The targets of `kill_recovery`: a step, a run, the daemon, everything, or the run of a night."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import dagster as dg

from insight_dagster.orchestration.run_launcher import worker_process
from insight_dagster.orchestration.stage_requests import REQUEST_TAG
from insight_dagster.orchestration.stages import NIGHT_JOB as NIGHT
from tests.support.dagster_server import DagsterServer, wait_for


def kill_step(server: DagsterServer, instance: dg.DagsterInstance) -> str:
    """Kill the process of a step as soon as one runs, and return the step's name."""

    def find() -> tuple[str, int] | None:
        for run in instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])):
            for entry in instance.all_logs(
                run.run_id, of_type=dg.DagsterEventType.STEP_WORKER_STARTED
            ):
                event = entry.dagster_event
                pid = event.engine_event_data.metadata.get("pid") if event else None
                if event and pid and Path(f"/proc/{pid.value}").exists():
                    return str(event.step_key), int(str(pid.value))
        return None

    step, pid = wait_for(find, 120, "a step")
    os.kill(pid, signal.SIGKILL)
    return step


def kill_run(server: DagsterServer, instance: dg.DagsterInstance) -> str:
    """Kill the process of a run as soon as one runs, and return the start of its id."""

    def find() -> tuple[str, int] | None:
        for run in instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])):
            process = worker_process(instance, run)
            if process and Path(f"/proc/{process[0]}").exists():
                return run.run_id[:8], process[0]
        return None

    run, pid = wait_for(find, 120, "a run")
    os.kill(pid, signal.SIGKILL)
    return run


def kill_night(server: DagsterServer, instance: dg.DagsterInstance) -> str:
    """Kill the process of the run that controls the night, and return the request it worked on."""
    (run,) = instance.get_runs(dg.RunsFilter(job_name=NIGHT))
    process = wait_for(lambda: worker_process(instance, run), 120, "the night's process")
    os.kill(process[0], signal.SIGKILL)
    run = instance.get_run_by_id(run.run_id) or run
    return run.tags.get(REQUEST_TAG, "")[:60]


def kill_daemon(server: DagsterServer, instance: dg.DagsterInstance) -> str:
    """Kill only the daemon's process, then end the rest of the server."""
    (pid,) = [
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdecimal() and _is_daemon(entry, server.process.pid)
    ]
    os.kill(pid, signal.SIGKILL)
    time.sleep(3)
    server.stop()
    return ""


def _is_daemon(entry: Path, session: int) -> bool:
    try:
        command = (entry / "cmdline").read_bytes().split(b"\0")
        fields = (entry / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return False
    return int(fields[3]) == session and b"dagster._daemon" in command


def kill_everything(server: DagsterServer, instance: dg.DagsterInstance) -> str:
    """Kill UI, daemon, code location, runs and steps at once, as a power failure would."""
    os.killpg(server.process.pid, signal.SIGKILL)
    server.process.wait()
    return ""


KILLERS: dict[str, Callable[[DagsterServer, dg.DagsterInstance], str]] = {
    "step": kill_step,
    "run": kill_run,
    "daemon": kill_daemon,
    "everything": kill_everything,
    "night": kill_night,
}
