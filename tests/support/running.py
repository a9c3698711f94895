"""Whether processes run."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path


def runs(process: int) -> bool:
    """Return whether a process exists and is no zombie."""
    try:
        return "Z" not in Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def wait_until(true: Callable[[], bool], seconds: float = 20) -> bool:
    """Wait until a condition is true; return whether it became true in time."""
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.05)
    return true()
