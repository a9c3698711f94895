"""Signs in a stream's packets that bytes were lost, which libav decodes without a word.

What the packets promise and whether some are missing (`packet_table.py`) does not belong here.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise

from av.packet import Packet

from insight_dagster.analysis.decoding.containers import OpenVideo

# Emulation prevention (ITU-T H.264, 7.4.1; H.265, 7.4.2) leaves no three zero bytes inside a unit.
# What is this long was lost; but cameras pad the units of intra-only profiles to one size.
_ZEROS = bytes(16)
_ZERO_FREE_CODECS = frozenset({"h264", "hevc"})
# Pictures shown last of a part of a file: some shown before them may be stored behind it. Where a
# file was cut without encoding it again, one or two are missing for good.
_LAST_OF_PART, _LAST_OF_FILE = 16, 3
_FRAMED_FORMATS = frozenset({"mov", "matroska", "flv"})


def damaged(packet: Packet, video: OpenVideo, key_times: Collection[int]) -> bool:
    """Whether a packet cannot be what the encoder wrote.

    Args:
        packet: of the stream.
        video: its file.
        key_times: decoding time stamps of key pictures, as the container's index has them.
    """
    if packet.is_corrupt:
        return True
    if packet.dts in key_times and not packet.is_keyframe:
        return True
    return _has_no_zeros(video) and _ZEROS in bytes(packet)


def _has_no_zeros(video: OpenVideo) -> bool:
    framed = video.format_name in _FRAMED_FORMATS and video.codec_name in _ZERO_FREE_CODECS
    return framed and "Intra" not in (video.stream.codec_context.profile or "")


def key_times(video: OpenVideo) -> frozenset[int]:
    """Decoding time stamps of the key pictures that an MP4 file's index names.

    None where it names every picture: libav reads a file without a table of key pictures so.
    """
    if video.format_name != "mov":
        return frozenset()
    entries = list(video.stream.index_entries)
    keys = frozenset(entry.timestamp for entry in entries if entry.is_keyframe)
    return keys if len(keys) < len(entries) else frozenset()


def times_contradict(packets: Sequence[Packet], video: OpenVideo, *, at_end: bool) -> bool:
    """Whether an MP4 file's tables disagree about when its pictures are shown.

    Two at one time, or steps of one length from picture to picture in the order of decoding, but
    not in the order of showing.

    Args:
        packets: in decoding order.
        video: their file.
        at_end: whether the last of them is the file's last.
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
