"""Who holds a database file: the processes that the operating system names.

Finding and describing processes belongs here; waiting for them does not (`opening`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from shlex import join

import psutil

from insight_dagster.database.locks.file_locks import lock_files

_LONGEST_COMMAND = 120
_SYSTEM_LOCKS = Path("/proc/locks")
_NAMED_BY_DUCKDB = re.compile(r"\(PID (\d+)\)")


def describe_holders(path: Path, problem: BaseException | None) -> str:
    """Return the processes that hold a database file, in words; '' where nothing names one.

    Args:
        path: the database file.
        problem: the error of DuckDB when it opened the file; it may name a process.
    """
    # Who only waits for the file may hold a lock beside it for a moment.
    found = list(_locking([path])) or list(_locking(lock_files(path)))
    if not found and problem is not None:
        found = [int(number) for number in _NAMED_BY_DUCKDB.findall(str(problem))]
    return "; ".join(filter(None, map(_describe, dict.fromkeys(found))))


def _locking(files: Iterable[Path]) -> Iterable[int]:
    """Yield the processes that have locked one of the files, as Linux lists them.

    It lists -1 for locks that belong to no process, and 0 for processes of other containers.
    """
    known = set()
    for file in files:
        with suppress(OSError):
            found = file.stat()
            known.add((os.major(found.st_dev), os.minor(found.st_dev), found.st_ino))
    try:
        lines = _SYSTEM_LOCKS.read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux, or hidden from containers
        return
    for line in lines:
        # "3: POSIX  ADVISORY  WRITE 1234 fe:00:5678 0 EOF"; "->" marks a process that waits.
        words = line.split()
        if (
            len(words) > 5
            and words[1] != "->"
            and _identity(words[5]) in known
            and int(words[4]) > 0
        ):
            yield int(words[4])


def _identity(text: str) -> tuple[int, int, int]:
    """Return major and minor number of the device, which are hexadecimal, and the inode."""
    major, minor, inode = text.split(":")
    return int(major, 16), int(minor, 16), int(inode)


def _describe(pid: int) -> str:
    """Return a process in words; '' if it has ended or is in another container."""
    if pid == os.getpid():
        return "this process"
    try:
        process = psutil.Process(pid)
        command = join(process.cmdline()) or process.name()
        since = datetime.fromtimestamp(process.create_time(), UTC)
        user = process.username()
    except psutil.Error:
        return ""
    if len(command) > _LONGEST_COMMAND:
        command = f"{command[:_LONGEST_COMMAND]}..."
    return f"process {pid} ({command}; user {user}, running since {since:%Y-%m-%d %H:%M:%S}Z)"
