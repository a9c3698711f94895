"""Telling people that something failed: a JSON text to a web address and to a program.

What is told and how it is delivered belong here; when it is told (`sensors`) and what becomes of
what nobody took (`outbox`) do not.
"""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

WEBHOOK, COMMAND = "webhook", "command"
# Together well below the minute that a sensor's tick may last.
TIMEOUT_SECONDS = 10.0
COMMAND_SECONDS = 20.0


@dataclass(frozen=True)
class Alert:
    """What is told.

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
        """As one JSON text."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """From `to_json`'s text."""
        values = json.loads(text)
        return cls(**{**values, "checks": tuple(values["checks"])})


def deliver(
    alert: Alert, *, webhook: str | None, command: Sequence[str], done: Collection[str] = ()
) -> dict[str, str | None]:
    """Post an alert, and give it to a program on standard input; both where both are set.

    Args:
        alert: what is told.
        webhook: web address, or None.
        command: program and arguments, or nothing.
        done: which of `webhook` and `command` have taken it before: they are left out.

    Returns:
        For each of the two that was asked: why it did not take the alert, None where it did.
    """
    answers: dict[str, str | None] = {}
    if webhook and WEBHOOK not in done:
        answers[WEBHOOK] = _post(webhook, alert.to_json())
    if command and COMMAND not in done:
        answers[COMMAND] = _hand_over(command, alert.to_json())
    return answers


def _post(address: str, text: str) -> str | None:
    """Post a text; returns why that failed, None where it did not."""
    request = urllib.request.Request(  # noqa: S310 - the settings admit http and https alone
        address, text.encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS):  # noqa: S310
            return None
    except urllib.error.HTTPError as error:
        return f"{address} answered {error.code}"
    except (urllib.error.URLError, OSError, ValueError) as error:
        return f"{address}: {getattr(error, 'reason', None) or error}"


def _hand_over(command: Sequence[str], text: str) -> str | None:
    """Run a program with a text on its standard input; returns why that failed, None if not."""
    try:
        done = subprocess.run(  # noqa: S603 - a list, no shell; the user's own setting
            list(command),
            input=text,
            text=True,
            capture_output=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{command[0]}: {error}"
    if done.returncode:
        return f"{command[0]} ended with {done.returncode}: {done.stderr.strip()[-200:]}"
    return None
