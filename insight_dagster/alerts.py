"""Telling people that something failed: a JSON text to a web address and to a program.

What is told and how it is delivered belong here; when it is told does not (`sensors`).
"""

from __future__ import annotations

import json
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from insight_dagster.errors import AlertError

TIMEOUT_SECONDS = 10.0
COMMAND_SECONDS = 60.0
TRIES = 3


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


def deliver(alert: Alert, *, webhook: str | None, command: Sequence[str]) -> None:
    """Post an alert, and give it to a program on standard input; both where both are set.

    Raises:
        AlertError: one of the two did not take it; the other was tried all the same.
    """
    problems = []
    if webhook:
        problems.append(_post(webhook, alert.to_json()))
    if command:
        problems.append(_hand_over(command, alert.to_json()))
    failed = [problem for problem in problems if problem]
    if failed:
        raise AlertError(f"the alert was not delivered: {'; '.join(failed)}")


def _post(address: str, text: str) -> str:
    """What kept the text from being posted; '' where nothing did."""
    request = urllib.request.Request(  # noqa: S310 - the settings admit http and https alone
        address, text.encode(), {"Content-Type": "application/json"}
    )
    problem = ""
    for attempt in range(TRIES):
        time.sleep(attempt)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS):  # noqa: S310
                return ""
        except (urllib.error.URLError, OSError, ValueError) as error:
            problem = f"{address}: {getattr(error, 'reason', None) or error}"
            if isinstance(error, urllib.error.HTTPError):
                problem = f"{address} answered {error.code}"
    return problem


def _hand_over(command: Sequence[str], text: str) -> str:
    """What kept the program from taking the text; '' where nothing did."""
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
    return ""
