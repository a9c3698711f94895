"""Containers whose parts tell where the next one begins: bytes lost or added break the chain.

libav looks for the next part that it recognises, and goes on without an error. Matroska, which also
has checksums, is read by `matroska_checksums`, MP4 by `file_headers`.
"""

from __future__ import annotations

import uuid
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from insight_dagster.errors import DecodeError

_FLV_HEADER, _FLV_TAG = 13, 11
_RIFF_HEADER = 12
_TS_PACKET, _TS_SYNC, _TS_PACKETS_AT_ONCE = 188, 0x47, 5000
# Top-level objects of ASF files (specification 01.20.03, 2).
_ASF_HEADER = uuid.UUID("75B22630-668E-11CF-A6D9-00AA0062CE6C").bytes_le
_ASF_DATA = uuid.UUID("75B22636-668E-11CF-A6D9-00AA0062CE6C").bytes_le
_ASF_OBJECTS = frozenset(
    uuid.UUID(name).bytes_le
    for name in (
        "33000890-E5B1-11CF-89F4-00A0C90349CB",  # simple index
        "D6E229D3-35DA-11D1-9034-00A0C90349BE",  # index
        "FEB103F8-12AD-4C64-840F-2A1D2F7AD48C",  # media object index
        "3CB73FD0-0C4A-4803-953D-EDF7B6228F0C",  # timecode index
    )
)


def check_chain(path: Path, format_name: str, last: int, stream_id: int = 0) -> None:
    """Check that the parts of an AVI, FLV, ASF or MPEG-TS file follow each other as they say.

    Args:
        path: the file.
        format_name: libav's name of its container format; others than these four pass.
        last: offset in bytes up to which FLV tags and MPEG-TS packets are checked.
        stream_id: the video stream's packet identifier in MPEG-TS.

    Raises:
        DecodeError: the chain is broken.
    """
    if format_name == "flv":
        _check_flv(path, last)
    elif format_name == "asf":
        _check_asf(path)
    elif format_name == "avi":
        _check_avi(path)
    elif format_name == "mpegts":
        _check_ts(path, last, stream_id)


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


def _check_ts(path: Path, last: int, stream_id: int) -> None:
    # ITU-T H.222.0, 2.4.3: packets of 188 bytes that begin with 0x47. A capture may begin inside
    # one, and other sizes, which disks and satellites use, are not checked.
    with path.open("rb") as file:
        head = file.read(8 * _TS_PACKET)
        starts = [at for at in range(_TS_PACKET) if set(head[at::_TS_PACKET][:7]) == {_TS_SYNC}]
        if not starts:
            return
        position = starts[0]
        file.seek(position)
        while position <= last and (chunk := file.read(_TS_PACKET * _TS_PACKETS_AT_ONCE)):
            whole = len(chunk) // _TS_PACKET * _TS_PACKET
            packets = np.frombuffer(chunk[:whole], np.uint8).reshape(-1, _TS_PACKET)
            if (packets[:, 0] != _TS_SYNC).any() or not _frames_begin(packets, stream_id):
                raise DecodeError(f"damaged: bytes are lost or added behind byte {position}")
            position += len(chunk)


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
            if not (name.isascii() and name.strip().isalnum()):
                raise DecodeError(f"damaged: no part of an AVI file begins at byte {position}")
            position += 8 + size + size % 2


def _check_asf(path: Path) -> None:
    length, position = path.stat().st_size, 0
    expected = frozenset({_ASF_HEADER})
    with path.open("rb") as file:
        while position + 24 <= length:
            file.seek(position)
            head = file.read(24)
            kind, size = head[:16], int.from_bytes(head[16:], "little")
            if kind not in expected:
                raise DecodeError(f"damaged: no part of an ASF file begins at byte {position}")
            if kind == _ASF_DATA and size == 0:  # a broadcast, whose end was not known
                return
            expected = frozenset({_ASF_DATA}) if kind == _ASF_HEADER else _ASF_OBJECTS
            position += max(size, 24)
    if position != length:
        raise DecodeError(f"damaged or cut short: {length} of {position} bytes are present")
