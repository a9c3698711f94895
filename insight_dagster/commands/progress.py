"""Progress bars in a terminal: one for all stages, one for the current step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import dagster as dg
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from insight_dagster.commands.console import Console
from insight_dagster.files.interruption import on_interrupt
from insight_dagster.files.visible_text import visible
from insight_dagster.resources.progress import ProgressCallback


@dataclass(frozen=True)
class BarProgress:
    """Shows the clips of the current step as a bar; a progress resource for assets."""

    bars: Progress
    step: TaskID

    def track(self, context: dg.AssetExecutionContext, what: str, total: int) -> ProgressCallback:
        """Begin the bar of a step; return a callback that advances it."""
        return self.begin(what, total)

    def begin(self, what: str, total: int | None) -> ProgressCallback:
        """Begin a bar for `total` items (None = unknown); return a callback that advances it."""
        shown = total is None or total > 0
        self.bars.reset(self.step, total=total, description=f"  {visible(what)}", visible=shown)

        def advance(count: int = 1) -> None:
            self.bars.advance(self.step, count)

        return advance

    def bytes(self, what: str) -> Callable[[int, int | None], None]:
        """Return a callback for a download: it takes the bytes received and the bytes expected."""
        text = visible(what)

        def show(received: int, expected: int | None) -> None:
            done, total = received / 2**20, expected / 2**20 if expected else None
            self.bars.update(
                self.step,
                description=f"  {text}, MiB",
                completed=done,
                total=total,
                visible=True,
            )

        return show


@contextmanager
def progress_bars(console: Console) -> Iterator[BarProgress]:
    """Show live bars on a terminal; show nothing if the output is not one."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bars, on_interrupt(bars.stop):
        yield BarProgress(bars, bars.add_task("", total=None, visible=False))
