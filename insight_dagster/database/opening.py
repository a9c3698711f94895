"""Opening and closing the DuckDB file: waiting for other processes, and saying who they are.

Processes wait for each other with `locks`: a writer holds its lock until it has closed the file, a
reader releases it as soon as the file is open. What is done with the open database does not belong
here (`connection`).
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import duckdb
from filelock import Timeout

from insight_dagster.database.clean_close import record_close, remove_record
from insight_dagster.database.damage import damage_error, ensure_intact
from insight_dagster.database.damage_probe import HELD_MESSAGE
from insight_dagster.database.instances import connected
from insight_dagster.database.locks.file_locks import has_readers, hold_lock, mark_reader
from insight_dagster.database.locks.lock_holders import describe_holders
from insight_dagster.database.locks.patience import add_wait, forget_waits, seconds_left
from insight_dagster.database.quoting import is_storable, literal
from insight_dagster.errors import DatabaseBusyError, DatabaseError

_RETRY_SECONDS, _PATIENCE_SECONDS = 0.05, 0.3
# A checkpoint rewrites whole row groups, and rows with a vector are wide: with DuckDB's default of
# 122,880 rows in a group, the time to write one class would grow with the whole library.
_ROW_GROUP = 2048
_in_use = Counter[Path]()
"""How often this process has a file open; one that it has open is not read in another way."""
_opening = threading.Lock()
_HELD_MESSAGES = (HELD_MESSAGE, "different configuration", "Unique file handle conflict")


@contextmanager
def open_file(
    path: Path, *, read_only: bool, seconds: float
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database file until the block ends; other processes are waited for.

    Args:
        path: the file, created by a writer if it is missing.
        read_only: whether it is opened for reading.
        seconds: longest wait, of all attempts of this process together until one succeeds.

    Raises:
        DatabaseBusyError: others held the file for longer than that; the message names them.
        DamagedDatabaseError: the file is damaged.
        DatabaseError: the file cannot be opened for a reason that waiting does not change.
    """
    if not is_storable(str(path)):
        raise DatabaseError(
            f"DuckDB cannot open {path}: its name is no UTF-8; choose another home with --home or "
            "INSIGHT_HOME"
        )
    with ExitStack() as opened, ExitStack() as held:
        attached = False
        try:
            # Others wait while the lock is held: the instance is there before.
            with connected(path, read_only=read_only) as connection:
                _wait_and_attach(
                    connection, path, held, opened, read_only=read_only, seconds=seconds
                )
                attached = True
                if read_only:
                    held.close()
                else:
                    remove_record(path)
                yield connection
        finally:
            if attached:
                _end_use(path, read_only=read_only)


def _end_use(path: Path, *, read_only: bool) -> None:
    """Note that a connection was closed; a writer, which still has the lock, records the file."""
    with _opening:
        _in_use[path] -= 1
        if not _in_use[path]:
            del _in_use[path]
        if not read_only:
            record_close(path)


@contextmanager
def keep_closed(path: Path, *, seconds: float) -> Iterator[None]:
    """Keep other processes, and other threads, from opening the file until the block ends.

    Raises:
        DatabaseBusyError: it was not closed everywhere within what is left of that time.
    """
    began = time.monotonic()
    left = seconds_left(path, seconds)
    with ExitStack() as held:
        try:
            held.enter_context(hold_lock(path, read_only=False, seconds=left))
            while has_readers(path) or _in_use[path]:
                if time.monotonic() - began > left:
                    raise Timeout(str(path))
                time.sleep(_RETRY_SECONDS)
        except Timeout as problem:
            add_wait(path, began)
            held.close()
            raise _busy(path, seconds, problem) from problem
        yield


def error_of(path: Path, problem: duckdb.Error) -> DatabaseError:
    """Return the error for one of DuckDB: its first line, as below it stands advice for SQL."""
    return damage_error(path, problem) or DatabaseError(f"{path}: {str(problem).splitlines()[0]}")


def _wait_and_attach(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    held: ExitStack,
    opened: ExitStack,
    *,
    read_only: bool,
    seconds: float,
) -> None:
    """Attach the file within what is left of the longest wait.

    Raises:
        DatabaseBusyError: others held the file for too long.
    """
    began = time.monotonic()
    deadline = began + seconds_left(path, seconds)
    try:
        _attach_locked(connection, path, held, opened, read_only=read_only, deadline=deadline)
    except Timeout as problem:
        add_wait(path, began)
        opened.close()
        held.close()
        raise _busy(path, seconds, problem) from problem
    forget_waits(path)


def _busy(path: Path, seconds: float, problem: Timeout) -> DatabaseBusyError:
    holders = describe_holders(path, problem.__cause__)
    return DatabaseBusyError(
        f"{path} is held by another program and was not released within {seconds:g} s"
        f"{': ' if holders else ''}{holders}; close it there, or raise "
        "INSIGHT_LOCK_TIMEOUT_SECONDS"
    )


def _attach_locked(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    held: ExitStack,
    opened: ExitStack,
    *,
    read_only: bool,
    deadline: float,
) -> None:
    """Attach the file under the lock.

    A writer that waits for readers keeps the lock, so that no other writer overtakes it. A program
    without our locks, such as a shell or a notebook, may hold the file for long: the writer then
    releases the lock from time to time, for readers that can share the file.

    Args:
        connection: that the file is attached to.
        path: the file.
        held: closing it releases the lock.
        opened: closing it ends what marks a reader.
        read_only: whether the file is opened for reading.
        deadline: when waiting ends, on the monotonic clock.

    Raises:
        filelock.Timeout: others held the file until the deadline; its cause is DuckDB's error, if
            there was one.
    """
    while True:
        left = max(deadline - time.monotonic(), 0)
        held.enter_context(hold_lock(path, read_only=read_only, seconds=left))
        if read_only:
            opened.enter_context(mark_reader(path))
        problem = _attach(connection, path, read_only=read_only, deadline=deadline)
        while problem and not read_only and has_readers(path):
            if time.monotonic() > deadline:
                raise Timeout(str(path)) from problem
            problem = _attach(connection, path, read_only=read_only, deadline=deadline)
        if problem is None:
            return
        opened.close()
        held.close()
        if time.monotonic() > deadline:
            raise Timeout(str(path)) from problem
        time.sleep(_RETRY_SECONDS)


def _attach(
    connection: duckdb.DuckDBPyConnection, path: Path, *, read_only: bool, deadline: float
) -> duckdb.Error | None:
    """Try to attach the file for a moment; return the error if another process holds it.

    Args:
        connection: that the file is attached to.
        path: the file.
        read_only: whether it is opened for reading.
        deadline: when the moment ends at the latest.

    Raises:
        DatabaseError: the file cannot be opened for a reason that waiting does not change.
    """
    how = "READ_ONLY" if read_only else f"ROW_GROUP_SIZE {_ROW_GROUP}"
    deadline = min(deadline, time.monotonic() + _PATIENCE_SECONDS)
    while True:
        try:
            with _opening:
                if not _in_use[path]:
                    ensure_intact(path)
                connection.execute(f"ATTACH {literal(str(path))} AS held ({how})")
                connection.execute("USE held")
                _in_use[path] += 1
        except duckdb.Error as problem:
            if not is_held(problem):
                raise error_of(path, problem) from problem
            if time.monotonic() > deadline:
                return problem
        else:
            return None
        time.sleep(_RETRY_SECONDS)


def is_held(problem: duckdb.Error) -> bool:
    """Return whether another process, or another thread of this one, has the file open."""
    text = str(problem)
    return any(message in text for message in _HELD_MESSAGES)
