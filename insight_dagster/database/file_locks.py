"""Who may open the DuckDB file next: turns among processes, kept with lock files beside it.

A writer holds `<file>.lock` from before it opens the database to after it closed it; a reader holds
it only while it opens. So writers take turns, readers share, and a waiting writer is not overtaken
by new readers. A reader that waits holds `<file>.reader` as well, and writers that find it held
give way: however many write, a reader waits for one of them. Readers share a lock on
`<file>.readers` until they are done, so that a writer can tell them from those who take no turns.
What is done with the file does not belong here.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from insight_dagster.errors import DatabaseError

_READER_KNOCKS_SECONDS, _WRITER_KNOCKS_SECONDS = 0.005, 0.05


@contextmanager
def turn(path: Path, *, read_only: bool, seconds: float) -> Iterator[None]:
    """Hold a turn at the database file.

    Args:
        path: the database file.
        read_only: whether it is opened for reading.
        seconds: longest wait.

    Raises:
        filelock.Timeout: others kept it for longer than that.
        DatabaseError: it is to be written and the lock file cannot be.
    """
    main, reader = FileLock(f"{path}.lock"), FileLock(f"{path}.reader")
    try:
        try:
            if read_only:
                deadline = time.monotonic() + seconds
                reader.acquire(timeout=seconds, poll_interval=_READER_KNOCKS_SECONDS)
                left = max(deadline - time.monotonic(), 0)
                main.acquire(timeout=left, poll_interval=_READER_KNOCKS_SECONDS)
            else:
                _acquire_after_readers(main, reader, seconds)
        except OSError as problem:
            # A home that may only be read can still be looked at. A timeout is an OSError too.
            if isinstance(problem, Timeout):
                raise
            if not read_only:
                raise DatabaseError(
                    f"cannot write {path}.lock ({problem.strerror}); make the home writable"
                ) from problem
        yield
    finally:
        main.release()
        reader.release()


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Let writers know, until the block ends, that the database is open for reading."""
    try:
        marker = Path(f"{path}.readers").open("ab")  # noqa: SIM115 - closed below
    except OSError:  # a home that may only be read has no writers
        yield
        return
    with marker:
        fcntl.flock(marker, fcntl.LOCK_SH)
        yield


def has_readers(path: Path) -> bool:
    """Whether the database is open in a `reading` block of any process."""
    with Path(f"{path}.readers").open("ab") as marker:
        try:
            fcntl.flock(marker, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _acquire_after_readers(main: FileLock, reader: FileLock, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while True:
        main.acquire(
            timeout=max(deadline - time.monotonic(), 0), poll_interval=_WRITER_KNOCKS_SECONDS
        )
        try:
            reader.acquire(blocking=False)
        except Timeout:
            main.release()
            if time.monotonic() > deadline:
                raise
            time.sleep(_WRITER_KNOCKS_SECONDS)
        else:
            reader.release()
            return
