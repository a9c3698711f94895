"""Alerts waiting for delivery, one file each, so that none is lost while a receiver is down.

Keeping alerts and trying again belong here; how one alert is delivered does not (`delivery`).
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path

from insight_dagster.files.atomic import write_atomically
from insight_dagster.orchestration.alerts.delivery import Alert, deliver

BUDGET_SECONDS = 20.0
"""No delivery is started later than this after the first: a sensor's tick may last a minute."""
KEPT_SECONDS = 3 * 86_400.0


class AlertQueue:
    """A folder of undelivered alerts.

    Args:
        folder: created with the first alert.
        webhook: web address that receives alerts; None for none.
        command: program and arguments that receive alerts; empty for none.
    """

    def __init__(self, folder: Path, *, webhook: str | None, command: Sequence[str]) -> None:
        self.folder, self.webhook, self.command = folder, webhook, tuple(command)

    def put(self, alert: Alert) -> None:
        """Keep an alert until it is delivered; it replaces an earlier one about the same run."""
        self._write(self.folder / f"{alert.run_id}.json", alert, done=[], since=time.time())

    def deliver(self) -> list[str]:
        """Try to deliver every alert, those tried longest ago first; return the errors.

        An alert that could not be delivered for three days is dropped, with an error that says so.
        """
        started, errors = time.monotonic(), []
        for path in sorted(self.folder.glob("*.json"), key=lambda path: path.stat().st_mtime):
            if time.monotonic() - started > BUDGET_SECONDS:
                break
            errors += self._try(path)
        return errors

    def _try(self, path: Path) -> list[str]:
        """Try to deliver the alert of a file; return the errors."""
        kept = json.loads(path.read_text(encoding="utf-8"))
        alert = Alert.from_json(kept["alert"])
        results = deliver(alert, webhook=self.webhook, command=self.command, done=kept["done"])
        errors = [error for error in results.values() if error is not None]
        if errors and time.time() - kept["since"] < KEPT_SECONDS:
            done = kept["done"] + [name for name, error in results.items() if error is None]
            self._write(path, alert, done=done, since=kept["since"])
            return errors
        path.unlink(missing_ok=True)
        return [f"given up, run {alert.run_id}: {error}" for error in errors]

    def _write(self, path: Path, alert: Alert, *, done: Sequence[str], since: float) -> None:
        text = json.dumps({"alert": alert.to_json(), "done": list(done), "since": since})
        write_atomically(path, lambda draft: draft.write_text(text, encoding="utf-8"))
