"""A real `insight` process that gets signals, and what it leaves behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import dagster as dg
import psutil


@dataclass(frozen=True)
class Ended:
    """How a process ended.

    Attributes:
        status: exit status, negative where a signal ended it.
        errors: lines on stderr.
        seconds: time since the last signal.
        orphans: processes of its own that are still running.
    """

    status: int
    errors: list[str]
    seconds: float
    orphans: list[str]


class Insight:
    """A running `insight` command, in its own session so that only signals of the test reach it."""

    def __init__(self, *arguments: str, code: str = "", ignored: bool = False) -> None:
        code = code or "from insight_dagster.__main__ import main; main()"
        program = [sys.executable, "-c", code, *arguments]
        if ignored:  # as bash does with what a script starts in the background
            program = ["bash", "-c", 'trap "" INT; exec "$0" "$@"', *program]
        # Whoever runs the tests may ignore signals, too.
        program = ["env", "--default-signal=INT,TERM,HUP", *program]
        self.process = subprocess.Popen(
            program,
            env=os.environ | {"INSIGHT_LOCK_TIMEOUT_SECONDS": "60"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def wait_until(self, reached: Callable[[], bool], seconds: float = 1200) -> None:
        """Wait until a condition holds; end the process and fail if that is not so in time."""
        deadline = time.monotonic() + seconds
        try:
            while not reached():
                assert self.process.poll() is None, self.process.communicate()[1]
                assert time.monotonic() < deadline, "not reached"
                time.sleep(0.02)
        except BaseException:
            self.process.kill()
            raise

    def end(self, *signals: signal.Signals, pause: float = 0.2) -> Ended:
        """Send signals one after another; wait until the process has ended."""
        own = psutil.Process(self.process.pid).children(recursive=True)
        for number, each in enumerate(signals):
            time.sleep(pause if number else 0)
            self.process.send_signal(each)
        begin = time.monotonic()
        _, errors = self.process.communicate(timeout=60)
        seconds = time.monotonic() - begin
        _, alive = psutil.wait_procs(own, timeout=5)
        return Ended(
            self.process.returncode, errors.splitlines(), seconds, [str(each) for each in alive]
        )


@cache
def _instance(home: Path) -> dg.DagsterInstance:
    return dg.DagsterInstance.from_config(str(home / "dagster"))


def runs_of(home: Path) -> list[tuple[str, str]]:
    """Return job and status of a home's runs, the oldest first."""
    if not (home / "dagster" / "history" / "runs.db").exists():
        return []
    return [(run.job_name, run.status.value) for run in reversed(_instance(home).get_runs())]


def drafts_in(folder: Path) -> list[Path]:
    """Return the files and folders that atomic writing left behind."""
    return [path for path in folder.rglob(".*") if path.suffix in {".draft", ".old", ".removed"}]
