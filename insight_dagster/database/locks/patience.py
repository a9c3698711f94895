"""How long this process has waited in vain for a database, over all its attempts.

A run opens its database for every step and class. If each of them waited for the whole lock
timeout, a run that meets a locked file would end after hours: so the seconds that attempts have
waited are added up until one of them succeeds, and all of them together get the timeout.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path

_guard = threading.Lock()
_waits: dict[Path, tuple[float, float]] = {}
"""Seconds waited in vain, and when the last wait ended, by database file."""


def seconds_left(path: Path, limit: float) -> float:
    """Return how long an attempt may wait.

    Args:
        path: the database file.
        limit: longest wait of all attempts together, in seconds. What was waited before counts as
            long as the last wait ended less than this time ago.
    """
    now = time.monotonic()
    with _guard:
        waited, ended = _waits.get(path, (0.0, now))
        if now - ended > limit:
            del _waits[path]
            return limit
        return max(limit - waited, 0.0)


def add_wait(path: Path, began: float) -> None:
    """Add an attempt that failed; waits of several threads at the same time count once.

    Args:
        path: the database file.
        began: when the attempt began, on the monotonic clock.
    """
    now = time.monotonic()
    with _guard:
        waited, ended = _waits.get(path, (0.0, began))
        _waits[path] = (waited + now - max(began, ended), now)


def forget_waits(path: Path) -> None:
    """Begin anew, because an attempt succeeded."""
    with _guard:
        _waits.pop(path, None)
