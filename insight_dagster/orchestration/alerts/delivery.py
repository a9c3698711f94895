"""What an alert says and how it is delivered: as JSON, to a web address and to a program.

When an alert is raised (`sensors`) and when a failed delivery is tried again (`queue`) does not
belong here.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from insight_dagster.files.processes.child import python_path
from insight_dagster.files.processes.limited_run import run_limited
from insight_dagster.orchestration.alerts import post

WEBHOOK, COMMAND = "webhook", "command"
# Together well below the minute that a sensor's tick may last.
WEBHOOK_SECONDS = 10.0
COMMAND_SECONDS = 20.0


@dataclass(frozen=True)
class Alert:
    """A failed run, as an alert reports it.

    Attributes:
        kind: check_failed or run_failed.
        job: name of the job.
        run_id: of the run that failed.
        classes: its class, or first and last of its range; '' where it has none.
        reason: what went wrong.
        checks: failed checks of severity ERROR: `asset`, `check`, `class`, `description`.
        home: the home folder.
    """

    kind: str
    job: str
    run_id: str
    classes: str
    reason: str
    checks: tuple[dict[str, Any], ...]
    home: str

    def to_json(self) -> str:
        """Return the alert as JSON in ASCII: what controls a terminal is escaped in it."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the alert that `to_json` wrote.

        Raises:
            ValueError: the text is something else.
        """
        values = json.loads(text)
        if not isinstance(values, dict) or not isinstance(values.get("checks"), list):
            raise ValueError("it is no alert")
        try:
            return cls(**{**values, "checks": tuple(values["checks"])})
        except TypeError as problem:
            raise ValueError(f"it is no alert: {problem}") from problem


def deliver(
    alert: Alert, *, webhook: str | None = None, command: Sequence[str] = ()
) -> dict[str, str | None]:
    """Post an alert to a web address and pass it to a program, as far as they are set.

    Delivered means: the address itself answered 2xx (no redirect is followed), or the program
    exited with status 0, whatever it prints. Neither can keep the other from being tried, or takes
    longer than `WEBHOOK_SECONDS` and `COMMAND_SECONDS`.

    Args:
        alert: to deliver.
        webhook: web address that receives the alert by POST; None for none.
        command: program and arguments that receive it on standard input; empty for none.

    Returns:
        For `webhook` and `command`, as far as they are set: the error, None on success.
    """
    text = alert.to_json().encode(errors="replace")
    errors: dict[str, str | None] = {}
    if webhook:
        errors[WEBHOOK] = _post(webhook, text)
    if command:
        error = run_limited(command, text, seconds=COMMAND_SECONDS, environment=os.environ)
        errors[COMMAND] = error and f"{command[0]}: {error}"
    return errors


def _post(address: str, text: bytes) -> str | None:
    """Post a text in a process of its own, with a time limit; return the error, None on success.

    The address may hold a secret: it is no argument, which every user of the machine could read.
    """
    error = run_limited(
        [sys.executable, "-m", post.__name__],
        post.to_input(address, text),
        seconds=WEBHOOK_SECONDS,
        environment={**os.environ, "PYTHONPATH": python_path()},
    )
    return error and f"{address}: {error.removeprefix('ended with 1: ')}"
