"""Putting a new database in the place of another, which is set aside and never deleted."""

from __future__ import annotations

import errno
import itertools
import os
from pathlib import Path

from insight_dagster.database.clean_close import log_file, record_close, remove_record
from insight_dagster.database.opening import keep_closed
from insight_dagster.errors import DatabaseError
from insight_dagster.files.interruption import uninterrupted

_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}


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
    with keep_closed(path, seconds=seconds), uninterrupted():
        aside = _free_name(path)
        try:
            is_aside = _set_aside(path, aside)
            os.replace(new, path)
        except OSError as problem:
            _put_back(path, aside)
            raise DatabaseError(
                f"{path} cannot be replaced ({problem.strerror}); make the home writable, then run "
                "`insight restore` again"
            ) from problem
        remove_record(new)
        record_close(path)
        return aside if is_aside else None


def _free_name(path: Path) -> Path:
    names = (Path(f"{path}.set-aside-{number}") for number in itertools.count(1))
    return next(name for name in names if not name.exists() and not log_file(name).exists())


def _set_aside(path: Path, aside: Path) -> bool:
    """Give a database a second name, under which it stays when another takes its place.

    A home has a database at any moment, even if this process is killed. Its write-ahead log is
    renamed, because it would belong to the other one.

    Returns:
        Whether there was anything.
    """
    remove_record(path)
    log = log_file(path)
    if not path.exists() and not log.exists():
        return False
    if path.exists():
        _link(path, aside)
    if log.exists():
        os.replace(log, log_file(aside))
    return True


def _put_back(path: Path, aside: Path) -> None:
    """Undo `_set_aside`, or the part of it that was done."""
    if log_file(aside).exists():
        os.replace(log_file(aside), log_file(path))
    if path.exists():
        aside.unlink(missing_ok=True)
    elif aside.exists():
        os.replace(aside, path)


def _link(path: Path, aside: Path) -> None:
    """Give a file a second name, or another one where the file system has no links."""
    try:
        os.link(path, aside)
    except OSError as problem:
        if problem.errno not in _NO_LINKS:
            raise
        os.replace(path, aside)
