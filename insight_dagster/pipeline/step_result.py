"""What every use case returns: the rows it wrote, and facts worth showing beside them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from insight_dagster.tables.columns import Table

Facts = dict[str, Any]
"""Facts by name, as plain values."""


@dataclass(frozen=True)
class StepResult:
    """Rows of one table that a step wrote, and facts about the step.

    Attributes:
        table: that the rows are of.
        rows: as written.
        facts: clips computed, reused and removed, seconds, ...
    """

    table: Table
    rows: pa.Table
    facts: Facts


class Timer:
    """The wall-clock time since the timer was made."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    def facts(self, clips: int | None = None) -> Facts:
        """Return the seconds, and the clips per second where clips were computed."""
        seconds = time.monotonic() - self._started
        return {"seconds": seconds, **({"clips_per_second": clips / seconds} if clips else {})}
