"""What an alert says and how it is delivered: as JSON, to a web address and to a program.

When an alert is raised (`sensors`) and when a failed delivery is tried again (`queue`) does not
belong here.
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
        """Return the alert as JSON."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the alert that `to_json` wrote."""
        values = json.loads(text)
        return cls(**{**values, "checks": tuple(values["checks"])})


def deliver(
    alert: Alert, *, webhook: str | None, command: Sequence[str], done: Collection[str] = ()
) -> dict[str, str | None]:
    """Post an alert to a web address and pass it to a program, as far as they are set.

    Args:
        alert: to deliver.
        webhook: web address that receives the alert by POST; None for none.
        command: program and arguments that receive it on standard input; empty for none.
        done: which of `webhook` and `command` accepted it before; they are left out.

    Returns:
        For `webhook` and `command`, as far as they were tried: the error, None on success.
    """
    errors: dict[str, str | None] = {}
    if webhook and WEBHOOK not in done:
        errors[WEBHOOK] = _post(webhook, alert.to_json())
    if command and COMMAND not in done:
        errors[COMMAND] = _run(command, alert.to_json())
    return errors


def _post(address: str, text: str) -> str | None:
    """Post a text; return the error, None on success."""
    request = urllib.request.Request(  # noqa: S310 - the settings admit http and https alone
        address, text.encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=WEBHOOK_SECONDS):  # noqa: S310
            return None
    except urllib.error.HTTPError as error:
        return f"{address} answered {error.code}"
    except (urllib.error.URLError, OSError, ValueError) as error:
        return f"{address}: {getattr(error, 'reason', None) or error}"


def _run(command: Sequence[str], text: str) -> str | None:
    """Run a program with a text on its standard input; return the error, None on success."""
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
