"""The result of a use case: the rows that it wrote, and facts to show with them."""

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
    """Rows that a step wrote to one table, and facts about the step.

    Attributes:
        table: the table.
        rows: the rows, as written.
        facts: number of clips computed, reused and removed, seconds, ...
    """

    table: Table
    rows: pa.Table
    facts: Facts


class Timer:
    """A timer that starts when it is created."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    def facts(self, clips: int | None = None) -> Facts:
        """Return the elapsed seconds, and the clips per second if clips were computed."""
        seconds = time.monotonic() - self._started
        return {"seconds": seconds, **({"clips_per_second": clips / seconds} if clips else {})}
