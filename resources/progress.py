"""The progress of long steps: the protocol, and its form as log lines of Dagster.

The progress bar of the command line is in `insight_dagster.commands.progress`.
"""

import time
from collections.abc import Callable
from typing import Protocol

import dagster as dg

ProgressCallback = Callable[[int], None]
_LOG_EVERY_SECONDS = 10.0


class Progress(Protocol):
    """Reports the progress of long steps."""

    def track(self, context: dg.AssetExecutionContext, what: str, total: int) -> ProgressCallback:
        """Begin a step of `total` clips; return a function that is told how many are done.

        Args:
            context: of the asset.
            what: name of the step.
            total: number of clips.

        Returns:
            A function to call with the number of clips that were just done.
        """
        ...


class LoggedProgress:
    """Progress as log lines: at most one every ten seconds, and one at the end."""

    def track(self, context: dg.AssetExecutionContext, what: str, total: int) -> ProgressCallback:
        """Begin a step whose progress is written to `context.log`."""
        done, logged = 0, time.monotonic()

        def advance(count: int = 1) -> None:
            nonlocal done, logged
            done += count
            if done >= total or time.monotonic() - logged > _LOG_EVERY_SECONDS:
                logged = time.monotonic()
                context.log.info(f"{what}: {done} of {total} clips")

        return advance
