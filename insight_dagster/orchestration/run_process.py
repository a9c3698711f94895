"""The process of a run, and whether it is still the same one.

A process id is given again after its process has ended. So a process is identified by its id and by
when it began, counted from the start of the machine: a clock that is set does not change that.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import psutil

PROCESS_TAG = "insight/process"
"""On a run: its process. A run that is launched again inherits it, so the tag names its run."""
_TOLERANCE_SECONDS = 1.0


@dataclass(frozen=True)
class RunProcess:
    """A process on this machine.

    Attributes:
        pid: its id.
        began: seconds from the start of the machine to its own; None where that may not be read.
    """

    pid: int
    began: float | None

    def is_alive(self) -> bool:
        """Return whether this process, and no later one with its id, is running."""
        found = process_with(self.pid)
        if found is None or found.began is None or self.began is None:
            return found is not None
        return abs(found.began - self.began) < _TOLERANCE_SECONDS

    def to_tags(self, run_id: str) -> dict[str, str]:
        """Return the tags of a run that this process executes."""
        return {PROCESS_TAG: json.dumps([run_id, self.pid, self.began])}


def process_of_tags(run_id: str, tags: Mapping[str, str]) -> RunProcess | None:
    """Return the process that a run's tags name; None where they name none, or another run's."""
    if PROCESS_TAG not in tags:
        return None
    owner, pid, began = json.loads(tags[PROCESS_TAG])
    return RunProcess(pid, began) if owner == run_id else None


def process_with(pid: int) -> RunProcess | None:
    """Return the running process that has an id now."""
    try:
        process = psutil.Process(pid)
        if process.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD):
            return None
        return RunProcess(pid, process.create_time() - psutil.boot_time())
    except psutil.NoSuchProcess:
        return None
    except psutil.AccessDenied:
        return RunProcess(pid, None)


def process_seen_at(pid: int, seen_at: float) -> RunProcess | None:
    """Return the running process that had an id at a given time.

    Only for a process that has just begun: if the clock was set since, it says a wrong time.

    Args:
        pid: process id; a process that was started later may have it now.
        seen_at: when the process reported the id, in seconds since 1970.
    """
    found = process_with(pid)
    if found is None or found.began is None:
        return found
    return found if psutil.boot_time() + found.began <= seen_at + _TOLERANCE_SECONDS else None
