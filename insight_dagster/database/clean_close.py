"""What a database file was when this project last closed it: a record beside it, `<file>.closed`.

Making, storing and comparing records belongs here; what follows from a difference does not
(`damage`).

DuckDB's own checksum of a block is the XOR of its words. It does not notice words that change
places, a page of repeated numbers that is filled with others, or blocks that change places. So a
record holds a CRC-32 of every block, unless the file is large: then it is completed at the start
and end of a run. While a writer is at work there is no record.
"""

from __future__ import annotations

import errno
import fcntl
import json
import zlib
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from insight_dagster.database.file_format import BLOCK, HEADERS, read_header
from insight_dagster.files.atomic import write_atomically

_ALWAYS_WHOLE = 32 << 20
"""Size in bytes up to which the whole file is read after every write: 10 ms on one core."""

Stat = tuple[int, int, int]
"""Size, and times of modification and of change in ns; they tell whether a file was touched."""


@dataclass(frozen=True)
class Contents:
    """What is in a database file and its write-ahead log.

    Attributes:
        iteration: DuckDB's count of checkpoints, which grows when the file is changed.
        headers: CRC-32 of the headers.
        blocks: CRC-32 of every block; None where they were not read.
        log: size and CRC-32 of the write-ahead log; None where there is none.
    """

    iteration: int
    headers: int
    blocks: tuple[int, ...] | None
    log: tuple[int, int] | None


@dataclass(frozen=True)
class Record:
    """A database file as it was closed.

    Attributes:
        stats: of the file and of its write-ahead log, None where it was missing.
        contents: what was in them.
    """

    stats: tuple[Stat | None, ...]
    contents: Contents


def log_file(path: Path) -> Path:
    """Return the write-ahead log of a database, which is there after a program was killed."""
    return Path(f"{path}.wal")


def record_file(path: Path) -> Path:
    """Return the file that holds the record of a database."""
    return Path(f"{path}.closed")


def stats_of(path: Path) -> tuple[Stat | None, ...]:
    """Return what the system says of a database and of its write-ahead log."""
    return _stat(path), _stat(log_file(path))


def read_contents(path: Path, *, whole: bool = True) -> Contents:
    """Return what is in a database file.

    The file must not be open in this process: closing it here would release DuckDB's lock.

    Args:
        path: the file.
        whole: whether its blocks are read.

    Raises:
        BlockingIOError: another program has it open for writing.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        _share(file)
        headers = file.read(HEADERS).ljust(HEADERS, b"\0")
        blocks = tuple(map(zlib.crc32, iter(lambda: file.read(BLOCK), b""))) if whole else None
    return Contents(read_header(headers).iteration, zlib.crc32(headers), blocks, read_log(path))


def read_log(path: Path, size: int | None = None) -> tuple[int, int] | None:
    """Return size and CRC-32 of the write-ahead log, or of its first bytes; None without one."""
    try:
        with log_file(path).open("rb") as file:
            found = file.read() if size is None else file.read(size)
    except FileNotFoundError:
        return None
    return len(found), zlib.crc32(found)


def record_close(path: Path, *, whole: bool = False) -> Record | None:
    """Write the record of a file that was just closed, while no other process can open it.

    Args:
        path: the database file.
        whole: whether its blocks are read even if it is large.

    Returns:
        The record; None where it cannot be written, as in a home without write permission.
    """
    try:
        stats = stats_of(path)
        size = stats[0][0] if stats[0] else 0
        record = Record(stats, read_contents(path, whole=whole or size <= _ALWAYS_WHOLE))
        text = _to_text(record)
        write_atomically(record_file(path), lambda draft: draft.write_text(text, encoding="utf-8"))
    except OSError:
        remove_record(path)
        return None
    return record


def remove_record(path: Path) -> None:
    """Delete the record, because the file is about to change."""
    with suppress(OSError):
        record_file(path).unlink(missing_ok=True)


def read_record(path: Path) -> Record | None:
    """Return the record of a database; None if there is none, or it is damaged itself."""
    try:
        checksum, _, text = record_file(path).read_text(encoding="utf-8").partition("\n")
        if checksum != str(zlib.crc32(text.encode())):
            return None
        return _from_values(json.loads(text))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _share(file: BinaryIO) -> None:
    """Lock a file for reading, as DuckDB does, until it is closed; a file system may lack locks.

    Raises:
        BlockingIOError: another program has it open for writing.
    """
    try:
        fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as problem:
        if problem.errno in {errno.EAGAIN, errno.EACCES}:
            raise BlockingIOError(*problem.args) from problem


def _stat(path: Path) -> Stat | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _to_text(record: Record) -> str:
    text = json.dumps(asdict(record))
    return f"{zlib.crc32(text.encode())}\n{text}"


def _from_values(values: dict[str, Any]) -> Record:
    contents = values["contents"]
    return Record(
        tuple(tuple(stat) if stat else None for stat in values["stats"]),
        Contents(
            contents["iteration"],
            contents["headers"],
            None if contents["blocks"] is None else tuple(contents["blocks"]),
            None if contents["log"] is None else tuple(contents["log"]),
        ),
    )
