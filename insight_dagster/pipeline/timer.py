"""How long a step took, as facts to show beside its results."""

from __future__ import annotations

import time
from typing import Any

Facts = dict[str, Any]
"""What is worth showing of a step, by name; plain values."""


class Timer:
    """The wall-clock time since the timer was made."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    def facts(self, clips: int | None = None) -> Facts:
        """Return the seconds, and the clips per second where clips were computed."""
        seconds = time.monotonic() - self._started
        return {"seconds": seconds, **({"clips_per_second": clips / seconds} if clips else {})}
