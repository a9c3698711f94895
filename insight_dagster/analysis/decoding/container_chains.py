"""Containers whose parts tell where the next one begins: bytes lost or added break the chain.

libav looks for the next part that it recognises, and goes on without an error. Matroska, which also
has checksums, is read by `matroska_checksums`, MP4 by `file_headers`.
"""

from __future__ import annotations

import struct
import uuid
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from insight_dagster.errors import DecodeError

_FLV_HEADER, _FLV_TAG = 13, 11
_RIFF_HEADER = 12
_TS_PACKET, _TS_SYNC = 188, 0x47
_TS_CHUNK = 5000 * _TS_PACKET
_TS_NEAR, _TS_IN_ROW = 1 << 20, 4
# Objects of ASF files (specification 01.20.03, 2, 3.2 and 5).
_ASF_HEADER = uuid.UUID("75B22630-668E-11CF-A6D9-00AA0062CE6C").bytes_le
_ASF_DATA = uuid.UUID("75B22636-668E-11CF-A6D9-00AA0062CE6C").bytes_le
_ASF_PROPERTIES = uuid.UUID("8CABDCA1-A947-11CF-8EE4-00C00C205365").bytes_le
_ASF_INDEXES = frozenset(
    uuid.UUID(name).bytes_le
    for name in (
        "33000890-E5B1-11CF-89F4-00A0C90349CB",  # simple index
        "D6E229D3-35DA-11D1-9034-00A0C90349BE",  # index
        "FEB103F8-12AD-4C64-840F-2A1D2F7AD48C",  # media object index
        "3CB73FD0-0C4A-4803-953D-EDF7B6228F0C",  # timecode index
    )
)
_ASF_OBJECT_HEADER, _ASF_DATA_HEADER, _ASF_SMALLEST_DATA = 24, 50, 100
_ASF_PACKET_START = b"\x82"
_ASF_LONGEST_HEADER, _ASF_NEAR = 1 << 20, 1 << 16


def check_chain(
    path: Path, format_name: str, last: int, stream_id: int = 0, *, at_end: bool = False
) -> None:
    """Check that the parts of an AVI, FLV, ASF or MPEG-TS file follow each other as they say.

    Args:
        path: the file.
        format_name: libav's name of its container format; others than these four pass.
        last: offset in bytes; FLV tags and packets of ASF and MPEG-TS behind it are not checked.
        stream_id: the video stream's packet identifier in MPEG-TS.
        at_end: whether the last frame begins at `last`, so that the MPEG-TS packets behind it
            belong to it. What follows them, such as padding, is left alone.

    Raises:
        DecodeError: the chain is broken.
    """
    if format_name == "flv":
        _check_flv(path, last)
    elif format_name == "asf":
        _check_asf(path, last)
    elif format_name == "avi":
        _check_avi(path)
    elif format_name == "mpegts":
        _check_ts(path, last, stream_id, at_end=at_end)


def _check_flv(path: Path, last: int) -> None:
    # A tag is followed by its size. Files of writers that get the first one wrong are not checked.
    with path.open("rb") as file:
        file.seek(_FLV_HEADER)
        position = _FLV_HEADER
        while position <= last and len(head := file.read(_FLV_TAG)) == _FLV_TAG:
            size = _FLV_TAG + int.from_bytes(head[1:4])
            file.seek(position + size)
            if int.from_bytes(file.read(4)) != size:
                if position == _FLV_HEADER:
                    return
                raise DecodeError(f"damaged: the size of the tag at byte {position} is wrong")
            position += size + 4


def _check_ts(path: Path, last: int, stream_id: int, *, at_end: bool) -> None:
    # ITU-T H.222.0, 2.4.3: packets of 188 bytes that begin with 0x47. A capture may begin inside
    # one, and other sizes, which disks and satellites use, are not checked.
    with path.open("rb") as file:
        head = file.read(8 * _TS_PACKET)
        starts = [at for at in range(_TS_PACKET) if set(head[at::_TS_PACKET][:7]) == {_TS_SYNC}]
        if not starts:
            return
        position, reach = starts[0], path.stat().st_size if at_end else last
        file.seek(position)
        while position <= reach and (
            chunk := file.read(min(_TS_CHUNK, reach + _TS_PACKET - position))
        ):
            whole = len(chunk) // _TS_PACKET * _TS_PACKET
            packets = np.frombuffer(chunk[:whole], np.uint8).reshape(-1, _TS_PACKET)
            synced = packets[:, 0] == _TS_SYNC
            count = len(packets) if synced.all() else int(synced.argmin())
            broken = position + count * _TS_PACKET
            ends = count < len(packets) and broken > last and not _ts_goes_on(file, broken)
            if not _frames_begin(packets[:count], stream_id) or not (ends or synced.all()):
                raise DecodeError(f"damaged: bytes are lost or added behind byte {position}")
            if ends:
                return
            position += len(chunk)


def _ts_goes_on(file: BinaryIO, position: int) -> bool:
    """Return whether packets follow near a position, and not only padding or other data."""
    file.seek(position)
    near = np.frombuffer(file.read(_TS_NEAR), np.uint8) == _TS_SYNC
    in_row = min(_TS_IN_ROW, len(near) // _TS_PACKET)
    width = len(near) - (in_row - 1) * _TS_PACKET
    starts = [near[step * _TS_PACKET :][:width] for step in range(in_row)]
    return in_row > 1 and bool(np.logical_and.reduce(starts).any())


def _frames_begin(packets: NDArray[np.uint8], stream_id: int) -> bool:
    """Return whether a start code follows wherever the video stream says that a unit starts."""
    stream = (packets[:, 1] & 0x1F).astype(int) << 8 | packets[:, 2]
    begins = (packets[:, 1] & 0x40 > 0) & (packets[:, 3] & 0x10 > 0) & (stream == stream_id)
    found = packets[begins]
    skipped = np.where(found[:, 3] & 0x20, found[:, 4].astype(int) + 1, 0) + 4
    at = np.minimum(skipped, _TS_PACKET - 3)
    codes = [found[np.arange(len(found)), at + step] for step in range(3)]
    coded = (codes[0] == 0) & (codes[1] == 0) & (codes[2] == 1)
    return bool((coded | (skipped > at)).all())


def _check_avi(path: Path) -> None:
    # What follows the last list is left alone: some writers append tags or padding.
    length, position, end = path.stat().st_size, 0, 0
    with path.open("rb") as file:
        while position + 8 <= length:
            file.seek(position)
            head = file.read(8)
            name, size = head[:4], int.from_bytes(head[4:], "little")
            if name == b"RIFF":
                position, end = position + _RIFF_HEADER, position + 8 + size
                continue
            if position >= end or size == 0:
                return
            if not all(0x20 <= letter < 0x7F for letter in name):
                raise DecodeError(f"damaged: no part of an AVI file begins at byte {position}")
            position += 8 + size + size % 2


def _check_asf(path: Path, last: int) -> None:
    length = path.stat().st_size
    with path.open("rb") as file:
        kind, size = _asf_object(file, 0)
        header, start = file.read(min(size, _ASF_LONGEST_HEADER)), min(size, length)
        data, data_size = _asf_object(file, start)
        if kind != _ASF_HEADER or data != _ASF_DATA:
            raise DecodeError(f"damaged: no part of an ASF file begins at byte {start}")
        packet_size, live = _asf_properties(header)
        # Writers that cannot seek leave the size that the data had before the first packet.
        end = length if live or data_size < _ASF_SMALLEST_DATA else start + data_size
        _check_asf_packets(file, start + _ASF_DATA_HEADER, min(last, end - 1), packet_size)
        _check_asf_indexes(file, end, length)


def _asf_object(file: BinaryIO, position: int) -> tuple[bytes, int]:
    """Return the kind of the object at a position, and its size; the file is then behind them."""
    file.seek(position)
    head = file.read(_ASF_OBJECT_HEADER)
    return head[:16], int.from_bytes(head[16:], "little")


def _asf_properties(header: bytes) -> tuple[int, bool]:
    """Return the size of all packets, 0 if it is unknown, and whether the file is a broadcast."""
    at = header.find(_ASF_PROPERTIES)
    if at < 0 or len(header) < at + 100:
        return 0, False
    flags, smallest, largest = struct.unpack_from("<3I", header, at + 88)
    return largest if smallest == largest else 0, bool(flags & 1)


def _check_asf_packets(file: BinaryIO, position: int, last: int, size: int) -> None:
    # Without error correction data, which all usual writers add, a packet has no fixed first byte.
    file.seek(position)
    checked = size > 0 and file.read(1) == _ASF_PACKET_START
    while checked and position <= last:
        file.seek(position)
        if file.read(1) != _ASF_PACKET_START:
            raise DecodeError(f"damaged: bytes are lost or added before byte {position}")
        position += size


def _check_asf_indexes(file: BinaryIO, position: int, length: int) -> None:
    # Behind the data stand indexes, objects that others have added, and padding.
    found = False
    while position + _ASF_OBJECT_HEADER <= length:
        kind, size = _asf_object(file, position)
        follows, is_index = position + max(size, _ASF_OBJECT_HEADER), kind in _ASF_INDEXES
        if not (is_index or _is_asf_end(file, follows, length)):
            file.seek(max(position - _ASF_NEAR, 0))
            near = file.read(2 * _ASF_NEAR)
            if not found and any(index in near for index in _ASF_INDEXES):
                raise DecodeError(f"damaged: no part of an ASF file begins at byte {position}")
            return
        position, found = follows, found or is_index
    if position > length:
        raise DecodeError(f"damaged or cut short: {length} of {position} bytes are present")


def _is_asf_end(file: BinaryIO, position: int, length: int) -> bool:
    """Return whether a file or its next index ends what precedes a position."""
    return position == length or (
        position < length and _asf_object(file, position)[0] in _ASF_INDEXES
    )
