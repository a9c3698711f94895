"""How long work reports itself: log lines in Dagster, a bar in a terminal."""

import time
from collections.abc import Callable
from typing import Protocol

import dagster as dg

ProgressCallback = Callable[[int], None]
_LOG_EVERY_SECONDS = 10.0


class Progress(Protocol):
    """Something that can follow one long step."""

    def track(self, context: dg.AssetExecutionContext, what: str, total: int) -> ProgressCallback:
        """Begin a step of `total` clips; call the result with the number of clips just done."""
        ...


class LoggedProgress:
    """One log line at most every ten seconds, and one at the end."""

    def track(self, context: dg.AssetExecutionContext, what: str, total: int) -> ProgressCallback:
        """Follow a step through `context.log`."""
        done, logged = 0, time.monotonic()

        def advance(count: int = 1) -> None:
            nonlocal done, logged
            done += count
            if done >= total or time.monotonic() - logged > _LOG_EVERY_SECONDS:
                logged = time.monotonic()
                context.log.info(f"{what}: {done} of {total} clips")

        return advance
