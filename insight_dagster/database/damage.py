"""Whether a database file may be opened in this process: it is as it was closed, or readable.

A damaged file can crash or hang DuckDB, or yield other rows without an error. So a file that is
not as its record says (`clean_close`) is first read in a process of its own (`damage_probe`).
Opening it does not belong here (`opening`), nor does bringing it back (`backups`).

- As recorded: it may be opened. Normally the system's word for that is enough, which costs 50 µs.
- DuckDB's count of checkpoints has grown: another program wrote it, or a run was killed between
  closing and recording. It may be opened if everything in it can be read.
- The count is the same, and bytes have changed: no program of DuckDB did that. It is damaged.
- There is no record (a run was killed while it wrote, or another release wrote the file): it may be
  opened if everything in it can be read.
"""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path

import duckdb

from insight_dagster.database.clean_close import (
    Contents,
    Record,
    Stat,
    log_file,
    read_contents,
    read_log,
    read_record,
    record_close,
    stats_of,
)
from insight_dagster.database.damage_probe import INTACT, MODULE
from insight_dagster.errors import DamagedDatabaseError, DatabaseError
from insight_dagster.files.processes.child import Child

_PROBE_SECONDS, _PROBE_SECONDS_PER_BYTE = 60.0, 1 / 2e6
_PROBE_MEMORY_MIB, _LONGEST_ANSWER = 4096, 1 << 20
_DAMAGE = (duckdb.InternalException, duckdb.SerializationException, duckdb.FatalException)

_checked: dict[Path, tuple[Stat | None, ...]] = {}
_guard = threading.Lock()


def ensure_intact(path: Path, *, whole: bool = False) -> None:
    """Make sure that opening the file neither crashes this process nor yields other rows.

    The caller holds the lock for opening the file, and this process has not opened it.

    Args:
        path: the file; a missing or empty one is intact.
        whole: read all of it even if the system says that nobody has touched it.

    Raises:
        DamagedDatabaseError: it is damaged.
        DatabaseError: it cannot be read at all.
        duckdb.IOException: another program holds it.
    """
    stats = stats_of(path)
    if stats[0] is None or not (stats[0][0] or stats[1]):
        return
    with _guard:
        if _checked.get(path) == stats and not whole:
            return
    record = read_record(path)
    if record is None or record.stats != stats or whole:
        _compare(path, record)
        stats = stats_of(path)
    with _guard:
        _checked[path] = stats


def damage_error(path: Path, problem: Exception) -> DamagedDatabaseError | None:
    """Return the error for damage that DuckDB came upon; None if it is of another kind."""
    if isinstance(problem, _DAMAGE) or "orrupt" in str(problem):
        return _damaged(path, str(problem).splitlines()[0])
    return None


def _compare(path: Path, record: Record | None) -> None:
    """Compare a file with its record, if it has one; read it where it differs; record it anew."""
    try:
        contents = read_contents(path)
    except OSError as problem:
        raise DatabaseError(f"{path} cannot be read ({problem.strerror})") from problem
    if record is None or not _is_same(contents, record, touched=record.stats != stats_of(path)):
        if record is not None:
            _refuse_changed_bytes(path, contents, record.contents)
        _probe(path)
    record_close(path, whole=True)


def _is_same(now: Contents, record: Record, *, touched: bool) -> bool:
    """Return whether nothing has changed; False where a touched file was not recorded whole."""
    closed = record.contents
    return now == closed or (
        closed.blocks is None and not touched and replace(now, blocks=None) == closed
    )


def _refuse_changed_bytes(path: Path, now: Contents, closed: Contents) -> None:
    """Make sure that what has changed can be the work of a program that uses DuckDB.

    Raises:
        DamagedDatabaseError: it cannot.
    """
    if now.iteration > closed.iteration:
        return
    if now.iteration < closed.iteration or now.headers != closed.headers:
        raise _damaged(path, "its headers have changed since it was closed")
    if closed.blocks is not None and now.blocks != closed.blocks:
        raise _damaged(path, "bytes have changed since it was closed, and DuckDB did not do it")
    if closed.log is not None and read_log(path, closed.log[0]) != closed.log:
        raise _damaged(log_file(path), "bytes have changed since it was closed")


def _probe(path: Path) -> None:
    """Read the whole file in a process of its own.

    Raises:
        DamagedDatabaseError: that process ended, hung, or met damage.
        duckdb.IOException: another program holds the file.
    """
    seconds = _PROBE_SECONDS + path.stat().st_size * _PROBE_SECONDS_PER_BYTE
    child = Child(MODULE, memory_mib=_PROBE_MEMORY_MIB)
    try:
        request = json.dumps(str(path.absolute())).encode()
        answer = child.ask(request, seconds=seconds, longest=_LONGEST_ANSWER).decode()
    except (TimeoutError, ChildProcessError) as problem:
        raise _damaged(path, f"reading it ended a process: {problem}") from problem
    finally:
        child.end()
    if answer == INTACT:
        return
    if "Could not set lock" in answer:
        raise duckdb.IOException(answer)
    raise _damaged(path, answer.splitlines()[0])


def _damaged(path: Path, reason: str) -> DamagedDatabaseError:
    return DamagedDatabaseError(
        f"{path} is damaged ({reason}); `insight restore` sets it aside and brings back what "
        "cannot be computed again, from the last backup"
    )
