"""What this project knows of DuckDB's file format: its headers, and which blocks are free.

A file begins with three headers, of which the second and third are written in turn; the one with
the larger count of checkpoints is valid. Blocks of one size follow. What is in them belongs to
DuckDB.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

_HEADER = 4096
HEADERS, BLOCK = 3 * _HEADER, 262_144
"""Bytes of the headers at the beginning of a DuckDB file, and of the blocks behind them."""
_CHECKSUM = 8
# A block of lists has 64 parts, each of which begins with a pointer to the next part of its list.
_PART = (BLOCK - _CHECKSUM) // 64 // 8 * 8
_NOWHERE, _BLOCK_NUMBER = 2**64 - 1, 2**56 - 1
_LONGEST_LIST = 64 << 20


@dataclass(frozen=True, order=True)
class Header:
    """The valid header.

    Attributes:
        iteration: count of checkpoints.
        tables: pointer to the list of tables.
        free_list: pointer to the list of free blocks.
    """

    iteration: int
    tables: int
    free_list: int


def read_header(headers: bytes) -> Header:
    """Return the valid header.

    Args:
        headers: the first `HEADERS` bytes of a file.
    """
    return max(
        Header(*struct.unpack_from("<3Q", headers, start + _CHECKSUM))
        for start in (_HEADER, 2 * _HEADER)
    )


def free_blocks(path: Path) -> set[int]:
    """Return the numbers of the blocks that held nothing at the last checkpoint.

    A program writes to them before it commits. The file must not be open in this process.

    Returns:
        The numbers; none where the list cannot be read.
    """
    try:
        found = _free_list(path)
        (count,) = struct.unpack_from("<Q", found)
        return set(struct.unpack_from(f"<{count}q", found, 8))
    except (OSError, OverflowError, ValueError, struct.error):
        return set()


def _free_list(path: Path) -> bytes:
    """Return the list of free blocks: how many, then their numbers, then what is not read here.

    A pointer is the number of a block and, in its highest byte, the number of a part.
    """
    found = bytearray()
    with path.open("rb") as file:
        pointer = read_header(file.read(HEADERS)).free_list
        while pointer != _NOWHERE and len(found) <= _LONGEST_LIST:
            block, part = pointer & _BLOCK_NUMBER, pointer >> 56
            file.seek(HEADERS + block * BLOCK + _CHECKSUM + part * _PART)
            content = file.read(_PART)
            (pointer,) = struct.unpack_from("<Q", content)
            found += content[8:]
    return bytes(found)
