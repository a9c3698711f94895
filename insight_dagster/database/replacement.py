"""Putting a new database in the place of another, which is set aside and never deleted."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

from insight_dagster.database.clean_close import log_file, record_close, remove_record
from insight_dagster.database.opening import keep_closed
from insight_dagster.errors import DatabaseError


def replace_database(path: Path, new: Path, *, seconds: float) -> Path | None:
    """Put a closed database in the place of another.

    Args:
        path: the file to replace; it may be missing or damaged, and is not opened.
        new: the file that takes its place; it is moved.
        seconds: longest wait until other processes have closed the file.

    Returns:
        Where the former file is now; None if there was none.

    Raises:
        DatabaseBusyError: another process uses the file.
        DatabaseError: a file cannot be moved.
    """
    with keep_closed(path, seconds=seconds):
        try:
            aside = _set_aside(path)
            os.replace(new, path)
        except OSError as problem:
            raise DatabaseError(
                f"{path} cannot be replaced ({problem.strerror}); make the home writable"
            ) from problem
        remove_record(new)
        record_close(path)
        return aside


def _set_aside(path: Path) -> Path | None:
    """Rename a database and its write-ahead log, so that a new one can take its place."""
    remove_record(path)
    log = log_file(path)
    if not path.exists() and not log.exists():
        return None
    names = (Path(f"{path}.set-aside-{number}") for number in itertools.count(1))
    aside = next(name for name in names if not name.exists() and not log_file(name).exists())
    if log.exists():
        os.replace(log, log_file(aside))
    if path.exists():
        os.replace(path, aside)
    return aside
