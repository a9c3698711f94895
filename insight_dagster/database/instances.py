"""DuckDB instances, each of which opens one file at a time.

Starting and ending an instance takes longer than most reads, so one that has read a file is kept
for the next reader of the same file in this process. Waiting for other processes does not belong
here (`opening`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

# Others wait while a file is written. For the few rows of a class, a second thread costs more than
# it saves, and so does the search for the best compression, which makes a file of vectors a sixth
# smaller.
_WRITER: dict[str, str | bool | int | float | list[str]] = {
    "threads": 1,
    "force_compression": "uncompressed",
}
_idle: dict[int, tuple[Path, duckdb.DuckDBPyConnection]] = {}
"""The instance that is kept, by process: the threads of an instance do not survive a fork."""


@contextmanager
def connected(path: Path, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a connection of an instance that has no file open; afterwards it has none again.

    A query that is running when the block is left by an exception is ended.

    Args:
        path: the file that is to be attached as `held`; spilled rows go to `<path>.tmp`.
        read_only: whether it will only be read.
    """
    instance = (_reader(path) if read_only else None) or _start(path, read_only=read_only)
    connection = instance.cursor()
    try:
        yield connection
    except BaseException:
        connection.interrupt()  # otherwise closing computes a query that a signal ended
        connection.close()
        instance.close()
        raise
    connection.close()
    if read_only:
        _keep(path, instance)
    else:
        instance.close()


def _start(path: Path, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(
        config={"temp_directory": f"{path}.tmp", **({} if read_only else _WRITER)}
    )


def _reader(path: Path) -> duckdb.DuckDBPyConnection | None:
    """Return the instance that is kept for readers of a file, which is then no longer kept."""
    kept = _idle.pop(os.getpid(), None)
    if kept is not None and kept[0] != path:
        kept[1].close()
        return None
    return kept[1] if kept else None


def _keep(path: Path, instance: duckdb.DuckDBPyConnection) -> None:
    """Close the file of an instance and keep the instance, in place of another one."""
    try:
        instance.execute("DETACH held")
    except BaseException:
        instance.close()
        raise
    replaced = _idle.pop(os.getpid(), None)
    _idle[os.getpid()] = (path, instance)
    if replaced is not None:
        replaced[1].close()
