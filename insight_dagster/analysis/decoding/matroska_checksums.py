"""The checksums that a Matroska file may carry for its parts: the only proof that frames are whole.

FFmpeg writes them to every part of an MKV file, but not to WebM, and libav does not check them when
it reads. Other containers have none.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from insight_dagster.errors import DecodeError

_SEGMENT, _CLUSTER = 0x18538067, 0x1F43B675
# What a segment consists of (RFC 9559, 5.1). libav skips anything else without an error.
_CHILDREN = frozenset(
    {
        0x114D9B74,  # SeekHead
        0x1549A966,  # Info
        0x1654AE6B,  # Tracks
        _CLUSTER,
        0x1C53BB6B,  # Cues
        0x1043A770,  # Chapters
        0x1941A469,  # Attachments
        0x1254C367,  # Tags
        0xEC,  # Void
        0xBF,  # CRC-32
    }
)
_CHECKSUM = b"\xbf\x84"  # RFC 8794, 11.3.1: the first child, four bytes, little-endian
_CHECKSUM_BYTES = 6
_CHUNK = 1 << 20


@dataclass(frozen=True)
class _Part:
    """A part of the segment: its identifier, where its contents begin and end, and its checksum."""

    identifier: int
    start: int
    end: int
    checksum: int | None


def check_parts(path: Path, first: int, last: int) -> bool:
    """Check the parts of a Matroska file, and return whether checksums prove its frames.

    Clusters, which hold the frames, are read from `first` up to the first that begins behind
    `last`: had its time stamp been damaged, its frames would be missing before. Other parts are
    always read.

    Args:
        path: a Matroska file.
        first: offset in bytes.
        last: offset in bytes.

    Returns:
        Whether every cluster has a checksum and the parts fill the whole file. They do not if a
        live recording left sizes unknown, or if something follows the segment.

    Raises:
        DecodeError: the contents of a part disagree with its checksum, only some clusters have one,
            or something in the segment is no part of a Matroska file.
    """
    with path.open("rb") as file:
        parts = list(_parts(file))
        clusters = [part for part in parts if part.identifier == _CLUSTER]
        reach = next((part.start for part in clusters if part.start > last), last)
        for part in parts:
            read = part.identifier != _CLUSTER or (part.end > first and part.start <= reach)
            if read and part.checksum is not None and _checksum(file, part) != part.checksum:
                raise DecodeError(
                    f"damaged: bytes {part.start} to {part.end} disagree with their checksum"
                )
        complete = bool(parts) and parts[-1].end == file.seek(0, 2)
    missing = sum(part.checksum is None for part in clusters)
    if 0 < missing < len(clusters):
        raise DecodeError(f"damaged: {missing} of {len(clusters)} parts lost their checksum")
    return complete and bool(clusters) and not missing


def _parts(file: BinaryIO) -> Iterator[_Part]:
    """Yield headers and children of segments, up to the first whose size is not stored.

    Raises:
        DecodeError: something in a segment is no part of a Matroska file.
    """
    position, segment_end, length = 0, 0, file.seek(0, 2)
    while position < length:
        file.seek(position)
        identifier, size = _number(file, marked=True), _number(file)
        if position < segment_end and identifier not in _CHILDREN:
            raise DecodeError(f"damaged: no part of a Matroska file begins at byte {position}")
        if identifier is None or size is None:
            return
        start = file.tell()
        if identifier == _SEGMENT:
            position, segment_end = start, start + size
            continue
        head = file.read(_CHECKSUM_BYTES)
        stored = int.from_bytes(head[2:], "little") if head.startswith(_CHECKSUM) else None
        position = start + size
        yield _Part(identifier, start, position, stored)


def _number(file: BinaryIO, *, marked: bool = False) -> int | None:
    """Return the next number of variable length (RFC 8794, 4); None if it is invalid or unknown.

    Args:
        file: at the number.
        marked: whether the bit that tells the length belongs to it, as in identifiers.
    """
    first = file.read(1)
    if not first or not first[0]:
        return None
    count = 9 - first[0].bit_length()
    rest = file.read(count - 1)
    value, all_ones = int.from_bytes(first + rest), (1 << 7 * count) - 1
    if marked:
        return value
    value &= all_ones
    return None if value == all_ones or len(rest) < count - 1 else value


def _checksum(file: BinaryIO, part: _Part) -> int:
    file.seek(part.start + _CHECKSUM_BYTES)
    left, value = part.end - part.start - _CHECKSUM_BYTES, 0
    while left > 0 and (chunk := file.read(min(_CHUNK, left))):
        value, left = zlib.crc32(chunk, value), left - len(chunk)
    return value
