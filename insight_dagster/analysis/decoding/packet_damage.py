"""Signs of lost bytes in a stream's packets, which libav decodes without an error.

Whether packets that the container names are missing (`packet_table`) does not belong here.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from itertools import pairwise

from av.packet import Packet

from insight_dagster.analysis.decoding.containers import OpenVideo

SELF_CHECKING_CODECS = frozenset({"av1"})
"""Codecs whose decoder notices damaged frames: of 542 random damages to AV1 in MP4 none passed."""

# Emulation prevention (ITU-T H.264, 7.4.1; H.265, 7.4.2) allows no three zero bytes inside a unit,
# so that this many are lost bytes. But cameras pad the units of intra-only profiles with zeros.
_ZEROS = bytes(16)
# In a byte stream (AVI, MPEG-TS) zeros may also stand between two units (H.264, B.1).
_ZEROS_IN_UNIT = re.compile(rb"\x00{16}\x00*+(?!\x01|\Z)")
_ZERO_FREE_CODECS = frozenset({"h264", "hevc"})
# Number of frames, shown last in a part of a file, that may precede frames stored behind that part.
# At the end of a file that was cut without encoding it again, one or two frames are missing.
_LAST_OF_PART, _LAST_OF_FILE = 16, 3
_FRAMED_FORMATS = frozenset({"mov", "matroska", "flv"})


def damaged(packet: Packet, video: OpenVideo, key_times: Collection[int]) -> bool:
    """Return whether a packet cannot be what the encoder wrote.

    Args:
        packet: a packet of the video stream.
        video: the open file.
        key_times: decoding timestamps of key frames, from the container's index.
    """
    if packet.is_corrupt:
        return True
    if packet.dts in key_times and not packet.is_keyframe:
        return True
    return _has_no_zeros(video) and _zeroed(bytes(packet), video.format_name)


def _has_no_zeros(video: OpenVideo) -> bool:
    intra = "Intra" in (video.stream.codec_context.profile or "")
    return video.codec_name in _ZERO_FREE_CODECS and not intra


def _zeroed(data: bytes, format_name: str) -> bool:
    if _ZEROS not in data:
        return False
    return format_name in _FRAMED_FORMATS or _ZEROS_IN_UNIT.search(data) is not None


def key_times(video: OpenVideo) -> frozenset[int]:
    """Return the decoding timestamps of the key frames in an MP4 file's index.

    Empty for other containers, and if every frame is a key frame: libav also reports that of a file
    without a table of key frames.
    """
    if video.format_name != "mov":
        return frozenset()
    entries = list(video.stream.index_entries)
    keys = frozenset(entry.timestamp for entry in entries if entry.is_keyframe)
    return keys if len(keys) < len(entries) else frozenset()


def times_contradict(packets: Sequence[Packet], video: OpenVideo, *, at_end: bool) -> bool:
    """Return whether an MP4 file's tables disagree about when its frames are shown.

    They do if two frames are shown at the same time, or if all frames are equally far apart in
    decoding order but not in presentation order.

    Args:
        packets: packets in decoding order.
        video: the open file.
        at_end: whether the last packet is the last of the file.
    """
    if video.format_name != "mov":
        return False
    shown = sorted(packet.pts for packet in packets if packet.pts is not None)
    decoded = [packet.dts for packet in packets if packet.dts is not None]
    steps = _steps(decoded)
    return 0 in _steps(shown) or (
        len(steps) == 1
        and _steps(shown[: -_LAST_OF_FILE if at_end else -_LAST_OF_PART]) - steps != set()
    )


def _steps(times: Sequence[int]) -> set[int]:
    return {after - before for before, after in pairwise(times)}
