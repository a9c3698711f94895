"""What a container promises about its pictures, read from its packets without decoding one.

Which packets show a picture, when, and whether some are missing belongs here; opening files
(`containers.py`) and decoding (`decoding`) do not.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from av.error import FFmpegError
from av.packet import Packet

from insight_dagster.analysis.decoding.containers import OpenVideo
from insight_dagster.analysis.decoding.packet_damage import damaged, key_times, times_contradict
from insight_dagster.errors import DecodeError

# In these a packet is a frame; streams such as MPEG-TS may hold two fields in two packets.
FRAME_PER_PACKET = frozenset({"mov", "matroska", "avi", "flv"})

_CLOCK = re.compile(r"\d+:\d\d:\d\d(\.\d+)?")
_VOP_START = b"\x00\x00\x01\xb6"
# A stand-in of this size or less repeats a picture, or follows two packed into one packet.
_MPEG4_STAND_IN_BYTES = 19
_TABLE_TOLERANCE_SECONDS = 1.0
# A missing tail shorter than this is a rounding of the container's duration.
_TAIL_TOLERANCE_SECONDS = 0.25


@dataclass(frozen=True)
class PacketTable:
    """The packets of a span of a stream, in decoding order, and the end of the file in them.

    Attributes:
        packets: from a key frame on, those shown and those only referred to.
        at_end: whether the file ended behind the last of them.
    """

    packets: tuple[Packet, ...]
    at_end: bool

    def shown(self, codec_name: str) -> tuple[Packet, ...]:
        """The packets that put a picture on the screen."""
        return tuple(p for p in self.packets if shows_picture(p, codec_name))

    @property
    def last_dts(self) -> int | None:
        """Decoding time stamp of the last packet, None without one."""
        return max((p.dts for p in self.packets if p.dts is not None), default=None)


def read_packets(video: OpenVideo, *, end_pts: float = math.inf, spare: int = 0) -> PacketTable:
    """The packets from the current position to the first one decoded at or after `end_pts`.

    Args:
        video: an open file, at its beginning or just after a seek.
        end_pts: time stamp in units of the stream's time base.
        spare: packets to read beyond that, for containers without presentation times.

    Raises:
        DecodeError: a packet is damaged or cut.
    """
    packets: list[Packet] = []
    try:
        for packet in playable(_sound(video)):
            if packet.dts is not None and packet.dts >= end_pts:
                spare -= 1
                if spare < 0:
                    return PacketTable(tuple(packets), at_end=False)
            packets.append(packet)
    except MemoryError:
        raise
    except FFmpegError as problem:
        place = f"after {at_second(packets[-1], video)[3:]}" if packets else "at its start"
        raise DecodeError(f"the file is damaged {place}") from problem
    return PacketTable(tuple(packets), at_end=True)


def _sound(video: OpenVideo) -> Iterator[Packet]:
    keys = key_times(video)
    for packet in video.container.demux(video.stream):
        if damaged(packet, video, keys):
            raise DecodeError(f"damaged or cut short {at_second(packet, video)}")
        yield packet


def playable(packets: Iterable[Packet]) -> Iterator[Packet]:
    """Packets from the first key frame on, without what depends on pictures before it."""
    key_pts: int | None = None
    started = False
    for packet in packets:
        if packet.size == 0:
            continue
        if not started:
            if not packet.is_keyframe:
                continue
            started, key_pts = True, packet.pts
        if packet.pts is not None and key_pts is not None and packet.pts < key_pts:
            continue
        yield packet


def at_second(packet: Packet, video: OpenVideo) -> str:
    """Where a packet lies, for messages: `at 1.25 s`."""
    time = packet.pts if packet.pts is not None else packet.dts
    if time is None:
        return "at an unknown time"
    return f"at {float((time - video.start_pts) * video.time_base):.2f} s"


def shows_picture(packet: Packet, codec_name: str) -> bool:
    """Whether decoding the packet puts a picture on the screen.

    Not so: packets that an edit list cuts, VP8's hidden reference frames (RFC 6386, 9.1) and
    MPEG-4 packets without a video object plane.
    """
    if packet.is_discard:
        return False
    if codec_name == "vp8":
        return bool(bytes(packet)[0] & 0x10)
    if codec_name == "mpeg4":
        return _VOP_START in bytes(packet)
    return True


def may_stay_dark(packet: Packet, codec_name: str) -> bool:
    """Whether a packet that seems to show a picture may legally show none."""
    return codec_name == "mpeg4" and packet.size <= _MPEG4_STAND_IN_BYTES


def check_complete(video: OpenVideo, table: PacketTable) -> None:
    """Compare a table with what the container's index and header promise of that span.

    Raises:
        DecodeError: pictures that they name are not in the file.
    """
    if not table.packets:
        raise DecodeError("the video stream holds no picture")
    if video.format_name == "avi":
        _check_gaps(video, table)
    if times_contradict(table.packets, video, at_end=table.at_end):
        raise DecodeError("damaged: its tables disagree about when pictures are shown")
    if not table.at_end:
        return
    if video.format_name == "mov":
        _check_index(video, table)
        _check_span(video, table)
    elif video.format_name == "avi":
        _check_count(video, table)
    elif video.format_name in FRAME_PER_PACKET:
        _check_duration(video, table)


def _check_gaps(video: OpenVideo, table: PacketTable) -> None:
    # Behind a damaged chunk libav looks for the next one that it recognises, and says nothing.
    stamps = [packet.dts for packet in table.packets if packet.dts is not None]
    first, last = min(stamps, default=0), max(stamps, default=-1)
    entries = [e for e in video.stream.index_entries if e.size and first <= e.timestamp <= last]
    missing = len(entries) - len(stamps)
    if missing > 0:
        raise DecodeError(f"damaged: {missing} of {len(entries)} pictures cannot be found")


def _check_index(video: OpenVideo, table: PacketTable) -> None:
    entries = video.stream.index_entries
    last = table.last_dts
    if len(entries) and last is not None and last < entries[-1].timestamp:
        raise DecodeError(
            f"cut short: the index names {len(entries)} pictures, "
            f"the file ends {at_second(table.packets[-1], video)}"
        )


def _check_span(video: OpenVideo, table: PacketTable) -> None:
    # An edit list may leave pictures out of the index, but then it promises no more than the rest.
    times = [packet.dts for packet in table.packets if packet.dts is not None]
    if len(video.stream.index_entries) >= video.stream.frames or not times:
        return
    promised = float((video.stream.duration or 0) * video.time_base)
    there = float((max(times) - min(times)) * video.time_base)
    if there + _TABLE_TOLERANCE_SECONDS < promised:
        raise DecodeError(f"damaged: {promised:.2f} s are promised, pictures last {there:.2f} s")


def _check_count(video: OpenVideo, table: PacketTable) -> None:
    # AVI time stamps count pictures, dropped ones (empty chunks, not read) included.
    promised, last = video.stream.frames, table.last_dts
    if last is not None and last + 1 < promised - 1:
        raise DecodeError(f"cut short: the header names {promised} pictures, {last + 1} are there")


def _check_duration(video: OpenVideo, table: PacketTable) -> None:
    ends = [p.pts + (p.duration or 0) for p in table.packets if p.pts is not None]
    promised = _promised_end(video)
    if promised is None or not ends:
        return
    seconds, tolerance = promised
    there = float(max(ends) * video.time_base)
    if there + tolerance < seconds:
        raise DecodeError(f"cut short: {seconds:.2f} s are promised, {there:.2f} s are there")


def _promised_end(video: OpenVideo) -> tuple[float, float] | None:
    """(second, tolerance in seconds) at which the pictures should end; None where unsaid."""
    picture = 1 / (video.fps or 25.0)
    tag = video.stream.metadata.get("DURATION", "")
    if _CLOCK.fullmatch(tag):
        hours, minutes, seconds = tag.split(":")
        return int(hours) * 3600 + int(minutes) * 60 + float(seconds), 1.5 * picture
    # The file's duration is that of its longest stream: with audio it says nothing of pictures.
    if len(video.container.streams) == 1 and video.container.duration:
        return video.container.duration / 1e6, max(_TAIL_TOLERANCE_SECONDS, 2 * picture)
    return None
