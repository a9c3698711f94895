"""File locks beside the DuckDB file, which decide what process may open it next.

Writers exclude each other and readers share, by three files next to the database:

- `<file>.lock`: held by a writer from before it opens the database until it has closed it, and by a
  reader only while it opens the database. So new readers do not overtake a waiting writer.
- `<file>.reader`: held by a waiting reader as well. A writer that finds it held releases
  `<file>.lock` and tries again: a reader waits for one writer at most, however many there are.
- `<file>.readers`: shared by readers until they are done, so that a writer can tell them from
  programs that use none of these locks, such as a shell or a notebook.

The operating system releases the locks of a process that is killed. What is done with the open
database does not belong here (`connection`).

The reader/writer lock of `fasteners` was tried and does not replace this module: it has no queue,
so that two overlapping readers kept a writer out until its timeout, and it is a POSIX lock, which
belongs to a process: a writer got it beside a reader of another thread.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from insight_dagster.errors import DatabaseError

_READER_POLL_SECONDS, _WRITER_POLL_SECONDS = 0.005, 0.05


@contextmanager
def hold_lock(path: Path, *, read_only: bool, seconds: float) -> Iterator[None]:
    """Hold the lock that is needed to open the database file.

    Args:
        path: the database file.
        read_only: whether it is opened for reading.
        seconds: longest wait.

    Raises:
        filelock.Timeout: other processes held the lock for longer than that.
        DatabaseError: the database is opened for writing, and the lock file is not writable.
    """
    lock, waiting_reader = FileLock(f"{path}.lock"), FileLock(f"{path}.reader")
    try:
        try:
            if read_only:
                _acquire_as_reader(lock, waiting_reader, seconds)
            else:
                _acquire_as_writer(lock, waiting_reader, seconds)
        except OSError as problem:
            # Readers go on without a lock: a home without write permission can be read, and
            # nobody writes to it. A timeout is an OSError too.
            if isinstance(problem, Timeout):
                raise
            if not read_only:
                raise DatabaseError(
                    f"cannot write {path}.lock ({problem.strerror}); make the home writable"
                ) from problem
        yield
    finally:
        lock.release()
        waiting_reader.release()


@contextmanager
def mark_reader(path: Path) -> Iterator[None]:
    """Mark the database as being read until the block ends."""
    try:
        marker = Path(f"{path}.readers").open("ab")  # noqa: SIM115 - closed below
    except OSError:  # nobody writes to a home without write permission
        yield
        return
    with marker:
        fcntl.flock(marker, fcntl.LOCK_SH)
        yield


def lock_files(path: Path) -> tuple[Path, ...]:
    """Return the files beside a database that are locked while it is used."""
    return tuple(Path(f"{path}.{name}") for name in ("lock", "readers"))


def has_readers(path: Path) -> bool:
    """Return whether a process, this one included, is inside `mark_reader`."""
    with Path(f"{path}.readers").open("ab") as marker:
        try:
            fcntl.flock(marker, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _acquire_as_reader(lock: FileLock, waiting_reader: FileLock, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    waiting_reader.acquire(timeout=seconds, poll_interval=_READER_POLL_SECONDS)
    left = max(deadline - time.monotonic(), 0)
    lock.acquire(timeout=left, poll_interval=_READER_POLL_SECONDS)


def _acquire_as_writer(lock: FileLock, waiting_reader: FileLock, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while True:
        left = max(deadline - time.monotonic(), 0)
        lock.acquire(timeout=left, poll_interval=_WRITER_POLL_SECONDS)
        try:
            waiting_reader.acquire(blocking=False)
        except Timeout:
            lock.release()
            if time.monotonic() > deadline:
                raise
            time.sleep(_WRITER_POLL_SECONDS)
        else:
            waiting_reader.release()
            return
