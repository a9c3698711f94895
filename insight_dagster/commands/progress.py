"""Progress in a terminal: a bar for the whole job, one for the step under way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import dagster as dg
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from insight_dagster.resources.progress import ProgressCallback


@dataclass(frozen=True)
class BarProgress:
    """Shows clips of the running step as a bar; serves assets as their `progress` resource."""

    bars: Progress
    step: TaskID

    def track(self, context: dg.AssetExecutionContext, what: str, total: int) -> ProgressCallback:
        """Begin a step's bar."""
        return self.begin(what, total)

    def begin(self, what: str, total: int | None) -> ProgressCallback:
        """Begin a bar for `total` items (None: unknown); the result advances it."""
        visible = total is None or total > 0
        self.bars.reset(self.step, total=total, description=f"  {what}", visible=visible)

        def advance(count: int = 1) -> None:
            self.bars.advance(self.step, count)

        return advance

    def bytes(self, what: str) -> Callable[[int, int | None], None]:
        """A bar for a download: the result is told bytes there and bytes wanted."""

        def show(there: int, wanted: int | None) -> None:
            done, total = there / 2**20, wanted / 2**20 if wanted else None
            self.bars.update(
                self.step, description=f"  {what}, MiB", completed=done, total=total, visible=True
            )

        return show


@contextmanager
def progress_bars(console: Console) -> Iterator[BarProgress]:
    """Live bars on a terminal (plain nothing where the output is not one)."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bars:
        yield BarProgress(bars, bars.add_task("", total=None, visible=False))
