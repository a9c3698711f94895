"""Alerts that are still to be delivered: a file each, so that none is lost when nobody takes it.

Keeping and trying again belong here; how one alert is delivered does not (`alerts.py`).
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from pathlib import Path

from insight_dagster.orchestration.alerts.delivery import Alert, deliver

BUDGET_SECONDS = 20.0
"""No delivery is begun later than this in one round: a sensor's tick may last a minute."""
KEPT_SECONDS = 3 * 86_400.0


class AlertQueue:
    """A folder of undelivered alerts.

    Args:
        folder: made at the first alert.
        webhook: web address that alerts are posted to, or None.
        command: program that is given them, or nothing.
    """

    def __init__(self, folder: Path, *, webhook: str | None, command: Sequence[str]) -> None:
        self.folder, self.webhook, self.command = folder, webhook, tuple(command)

    def put(self, alert: Alert) -> None:
        """Keep an alert until it has been delivered; the same run's again takes its place."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._write(self.folder / f"{alert.run_id}.json", alert, done=[], since=time.time())

    def deliver(self) -> list[str]:
        """Try every alert, those tried longest ago first; returns what went wrong.

        One that nobody has taken for three days is given up, and said to be.
        """
        started, problems = time.monotonic(), []
        for path in sorted(self.folder.glob("*.json"), key=lambda path: path.stat().st_mtime):
            if time.monotonic() - started > BUDGET_SECONDS:
                break
            problems += self._try(path)
        return problems

    def _try(self, path: Path) -> list[str]:
        kept = json.loads(path.read_text(encoding="utf-8"))
        alert = Alert.from_json(kept["alert"])
        answers = deliver(alert, webhook=self.webhook, command=self.command, done=kept["done"])
        problems = [problem for problem in answers.values() if problem]
        if problems and time.time() - kept["since"] < KEPT_SECONDS:
            done = kept["done"] + [name for name, problem in answers.items() if not problem]
            self._write(path, alert, done=done, since=kept["since"])
            return problems
        path.unlink(missing_ok=True)
        return [f"given up, run {alert.run_id}: {problem}" for problem in problems]

    def _write(self, path: Path, alert: Alert, *, done: Sequence[str], since: float) -> None:
        draft = path.with_suffix(".draft")
        text = json.dumps({"alert": alert.to_json(), "done": list(done), "since": since})
        draft.write_text(text, encoding="utf-8")
        os.replace(draft, path)
