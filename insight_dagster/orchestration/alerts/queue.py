"""Alerts waiting for delivery, one file each, so that none is lost while a receiver is down.

Keeping alerts and trying again belong here; how one alert is delivered does not (`delivery`).
"""

from __future__ import annotations

import json
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from filelock import FileLock, Timeout

from insight_dagster.files.atomic import write_atomically
from insight_dagster.orchestration.alerts.delivery import COMMAND, WEBHOOK, Alert, deliver

BUDGET_SECONDS = 20.0
"""No delivery is started later than this after the first: a sensor's tick may last a minute."""
KEPT_SECONDS = 3 * 86_400.0
FEWEST_ATTEMPTS = 100
"""An alert is tried at least this often, even if the clock says that three days are over."""
SET_ASIDE = "set_aside"
_LARGEST_BYTES = 1 << 20


@dataclass(frozen=True)
class _Waiting:
    """An alert in the queue.

    Attributes:
        alert: the alert.
        done: ways in which it was delivered.
        since: when it was queued, seconds since 1970.
        attempts: how often it was tried.
    """

    alert: Alert
    done: tuple[str, ...] = ()
    since: float = 0.0
    attempts: int = 0


class AlertQueue:
    """A folder of undelivered alerts.

    An alert is delivered at least once in each way that is set, webhook and command, and each way
    is tried on its own until it accepts. It can be delivered twice where this process is killed
    between a delivery and its recording.

    Args:
        folder: created with the first alert.
        webhook: web address that receives alerts; None for none.
        command: program and arguments that receive alerts; empty for none.
    """

    def __init__(self, folder: Path, *, webhook: str | None, command: Sequence[str]) -> None:
        self.folder, self.webhook, self.command = folder, webhook, tuple(command)
        self._ways = (WEBHOOK,) * bool(webhook) + (COMMAND,) * bool(command)

    def put(self, alert: Alert) -> None:
        """Keep an alert until it is delivered; it replaces another one about the same run."""
        path = self.folder / f"{alert.run_id}.json"
        self.folder.mkdir(parents=True, exist_ok=True)
        with _files_of(self.folder):
            with suppress(OSError, ValueError):
                if _read(path).alert == alert:
                    return
            _write(path, _Waiting(alert, since=time.time()))

    def deliver(self) -> list[str]:
        """Try to deliver every alert, those tried longest ago first; return the errors.

        Does nothing while another process delivers. A file that is no alert, and an alert that was
        not accepted for three days, is moved to the folder `set_aside`, with an error that says so.
        """
        if not self._ways or not self.folder.is_dir():
            return []
        try:
            with FileLock(self.folder / ".lock", timeout=0):
                return list(self._deliver_all())
        except Timeout:
            return []

    def _deliver_all(self) -> Iterator[str]:
        started = time.monotonic()
        for path in sorted(self.folder.glob("*.json"), key=_changed):
            if time.monotonic() - started > BUDGET_SECONDS:
                return
            try:
                waiting = _read(path)
            except FileNotFoundError:
                continue
            except (OSError, ValueError) as problem:
                yield f"{path} cannot be read as an alert ({problem}); {_set_aside(path)}"
                continue
            yield from self._try(path, waiting)

    def _try(self, path: Path, waiting: _Waiting) -> Iterator[str]:
        """Try each way that has not accepted the alert of a file; return the errors."""
        waiting = replace(waiting, attempts=waiting.attempts + 1)
        errors: list[str] = []
        for way in self._ways:
            if way in waiting.done:
                continue
            error = self._deliver(waiting.alert, way)
            if error is None:
                waiting = replace(waiting, done=(*waiting.done, way))
                errors += _record(path, waiting, waiting.alert)
            else:
                errors.append(error)
        if set(self._ways) <= set(waiting.done):
            yield from _record(path, None, waiting.alert)
            return
        old = time.time() - waiting.since >= KEPT_SECONDS and waiting.attempts >= FEWEST_ATTEMPTS
        if old:
            moved, run_id = _set_aside(path), waiting.alert.run_id
            errors = [f"given up, run {run_id}: {error}; {moved}" for error in errors]
        else:
            errors += _record(path, waiting, waiting.alert)
        yield from errors

    def _deliver(self, alert: Alert, way: str) -> str | None:
        """Deliver an alert in one way; return the error, None on success."""
        if way == WEBHOOK:
            return deliver(alert, webhook=self.webhook)[way]
        return deliver(alert, command=self.command)[way]


def undelivered_alerts(folder: Path) -> list[dict[str, str]]:
    """Return the files of alerts that wait for delivery or were set aside: `file`, `state`.

    Args:
        folder: of an `AlertQueue`.
    """
    states = {folder: "waits for delivery", folder / SET_ASIDE: "set aside"}
    return [
        {"file": str(path), "state": state}
        for each, state in states.items()
        for path in sorted(each.glob("*"))
        if path.suffix == ".json" or each != folder
    ]


def _files_of(folder: Path) -> FileLock:
    """Return the lock for comparing and changing files, which nobody holds while delivering."""
    return FileLock(folder / ".files")


def _changed(path: Path) -> float:
    try:
        return path.lstat().st_mtime
    except OSError:
        return 0.0


def _read(path: Path) -> _Waiting:
    """Return the alert of a file.

    Raises:
        ValueError: it is something else.
        OSError: it cannot be read.
    """
    found = path.lstat()
    if not stat.S_ISREG(found.st_mode) or found.st_size > _LARGEST_BYTES:
        raise ValueError("it is no regular file, or too large")
    text = path.read_text(encoding="utf-8")
    try:
        kept = json.loads(text)
        return _Waiting(
            Alert.from_json(kept["alert"]),
            tuple(str(way) for way in kept["done"]),
            float(kept["since"]),
            int(kept.get("attempts", 0)),
        )
    except (AttributeError, KeyError, TypeError, OverflowError, RecursionError) as problem:
        raise ValueError(f"it is no alert: {problem!r}") from problem


def _write(path: Path, waiting: _Waiting) -> None:
    values = {
        "alert": waiting.alert.to_json(),
        "done": list(waiting.done),
        "since": waiting.since,
        "attempts": waiting.attempts,
    }
    text = json.dumps(values)
    write_atomically(path, lambda draft: draft.write_text(text, encoding="utf-8"))


def _record(path: Path, waiting: _Waiting | None, alert: Alert) -> Sequence[str]:
    """Write what is left to do for an alert, or delete its file; return the errors.

    An alert that took its place in the meantime is left alone.
    """
    try:
        with _files_of(path.parent):
            if _read(path).alert != alert:
                return []
            if waiting is None:
                path.unlink()
            else:
                _write(path, waiting)
    except (OSError, ValueError) as problem:
        return [f"{path} cannot be written ({problem}); the alert may be delivered again"]
    return []


def _set_aside(path: Path) -> str:
    """Move a file out of the queue; return what was done."""
    target = path.parent / SET_ASIDE / path.name
    try:
        target.parent.mkdir(exist_ok=True)
        path.replace(target)
    except OSError as problem:
        return f"it cannot be moved to {target.parent} ({problem})"
    return f"it was moved to {target.parent}"
