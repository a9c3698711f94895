"""Whether a database file may be opened in this process: it is as it was closed, or readable.

A damaged file can crash or hang DuckDB, or yield other rows without an error. So a file that is
not as its record says (`clean_close`) is first read in a process of its own (`damage_probe`).
Opening it does not belong here (`opening`), nor does bringing it back (`backups`).

- As recorded: it may be opened. Normally the system's word for that is enough, which costs 50 µs.
- DuckDB's count of checkpoints has grown: another program wrote it, or a run was killed between
  closing and recording. It may be opened if everything in it can be read.
- The count is the same, and bytes have changed: a program of DuckDB writes so where no row is, in
  free blocks and behind the last one, before it commits or rolls back. Elsewhere it is damaged.
- There is no record (a run was killed while it wrote, or another release wrote the file): it may be
  opened if everything in it can be read.

A file that another program has open for writing is not judged: it is held.
"""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Sequence
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
    record_file,
    stats_of,
)
from insight_dagster.database.damage_probe import HELD_MESSAGE, MODULE, Verdict
from insight_dagster.database.file_format import free_blocks
from insight_dagster.errors import DamagedDatabaseError, DatabaseError, UncheckedDatabaseError
from insight_dagster.files.processes.child import Child

_PROBE_SECONDS, _PROBE_SECONDS_PER_BYTE = 60.0, 1 / 2e6
_PROBE_MEMORY_MIB, _LONGEST_ANSWER = 4096, 1 << 20
_CRASHES = {-signal.SIGSEGV, -signal.SIGBUS, -signal.SIGABRT, -signal.SIGFPE, -signal.SIGILL}
_DAMAGE = (duckdb.InternalException, duckdb.SerializationException)
_DAMAGED_MESSAGES = ("IO Error: Corrupt", "IO Error: Could not read enough bytes")
_NO_DATABASE = "exists, but it is not a valid DuckDB database file!"
_FULL_DISK = "Could not write file"

_checked: dict[Path, tuple[Stat | None, ...]] = {}
_guard = threading.Lock()


def ensure_intact(path: Path, *, whole: bool = False) -> None:
    """Make sure that opening the file neither crashes this process nor yields other rows.

    The caller holds the lock for opening the file, and this process has not opened it.

    Args:
        path: the file; a missing or empty one is intact, unless it was closed with something in it.
        whole: read all of it even if the system says that nobody has touched it.

    Raises:
        DamagedDatabaseError: it is damaged.
        UncheckedDatabaseError: whether it is damaged could not be found out.
        DatabaseError: it cannot be read at all.
        duckdb.IOException: another program holds it.
    """
    stats = stats_of(path)
    if _has_nothing(stats):
        ensure_not_lost(path)
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


def ensure_not_lost(path: Path) -> None:
    """Make sure that a file that is missing or empty was not closed with something in it.

    Raises:
        DamagedDatabaseError: it was.
    """
    if _has_nothing(stats_of(path)) and read_record(path) is not None:
        raise _lost(path)


def _has_nothing(stats: tuple[Stat | None, ...]) -> bool:
    file, log = stats
    return file is None or not (file[0] or log)


def damage_error(path: Path, problem: Exception) -> DamagedDatabaseError | None:
    """Return the error for damage that DuckDB came upon; None if it is of another kind.

    An error of another type may quote data, so that its text says nothing.
    """
    text = str(problem)
    if (
        isinstance(problem, _DAMAGE)
        or (isinstance(problem, duckdb.FatalException) and _FULL_DISK not in text)
        or (isinstance(problem, duckdb.IOException) and _tells_damage(text))
    ):
        return _damaged(path, text.splitlines()[0])
    return None


def _tells_damage(text: str) -> bool:
    first = text.partition("\n")[0]
    return first.startswith(_DAMAGED_MESSAGES) or first.endswith(_NO_DATABASE)


def _compare(path: Path, record: Record | None) -> None:
    """Compare a file with its record, if it has one; read it where it differs; record it anew."""
    try:
        contents = read_contents(path)
    except BlockingIOError as problem:
        raise duckdb.IOException(f"{HELD_MESSAGE} on {path}") from problem
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
    if _has_lost_blocks(path, now.blocks or (), closed.blocks or ()):
        raise _damaged(path, "bytes have changed since it was closed, and DuckDB did not do it")
    if closed.log is not None and read_log(path, closed.log[0]) != closed.log:
        raise _damaged(log_file(path), "bytes have changed since it was closed")


def _has_lost_blocks(path: Path, now: Sequence[int], closed: Sequence[int]) -> bool:
    """Return whether blocks that hold something have changed, or the file has become shorter."""
    changed = {n for n, (old, new) in enumerate(zip(closed, now, strict=False)) if old != new}
    return len(now) < len(closed) or bool(changed and changed - free_blocks(path))


def _probe(path: Path) -> None:
    """Read the whole file in a process of its own.

    Raises:
        DamagedDatabaseError: that process crashed, or met damage.
        UncheckedDatabaseError: it could not start, was killed, or reached a limit.
        duckdb.IOException: another program holds the file.
    """
    verdict, reason = _ask_probe(path)
    if verdict == Verdict.HELD:
        raise duckdb.IOException(reason)
    if verdict == Verdict.UNKNOWN:
        raise _unchecked(path, reason)
    if verdict == Verdict.DAMAGED:
        raise _damaged(path, reason)


def _ask_probe(path: Path) -> tuple[Verdict, str]:
    """Return what the process that reads the file says of it, or how that process ended."""
    seconds = _PROBE_SECONDS + path.stat().st_size * _PROBE_SECONDS_PER_BYTE
    try:
        child = Child(MODULE, memory_mib=_PROBE_MEMORY_MIB)
    except OSError as problem:
        return Verdict.UNKNOWN, f"no process can be started: {problem.strerror}"
    try:
        request = json.dumps(str(path.absolute())).encode()
        verdict, reason = json.loads(child.ask(request, seconds=seconds, longest=_LONGEST_ANSWER))
    except TimeoutError as problem:
        return Verdict.UNKNOWN, f"reading it takes {problem}"
    except ChildProcessError as problem:
        crashed = child.exit_code in _CRASHES
        return Verdict.DAMAGED if crashed else Verdict.UNKNOWN, f"reading it ended: {problem}"
    finally:
        child.end()
    return Verdict(verdict), reason


def _unchecked(path: Path, reason: str) -> UncheckedDatabaseError:
    return UncheckedDatabaseError(
        f"{path} cannot be checked for damage ({reason}); try again, and if that does not help, "
        "name a backup for `insight restore` to replace it by (`insight backup --list`)"
    )


def _lost(path: Path) -> DamagedDatabaseError:
    return DamagedDatabaseError(
        f"{path} is lost: it is missing or empty, and was not when it was last closed; `insight "
        "restore` brings back what cannot be computed again, from the last backup (to begin anew, "
        f"delete {record_file(path)})"
    )


def _damaged(path: Path, reason: str) -> DamagedDatabaseError:
    return DamagedDatabaseError(
        f"{path} is damaged ({reason}); `insight restore` sets it aside and brings back what "
        "cannot be computed again, from the last backup"
    )
