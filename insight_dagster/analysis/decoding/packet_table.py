"""The packets of a video stream: which of them show a frame, when, and whether some are missing.

Nothing is decoded here. Opening files (`containers`), damage inside a packet (`packet_damage`) and
decoding (`pyav_frames`, `decord_frames`) do not belong here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from av.error import FFmpegError
from av.packet import Packet

from insight_dagster.analysis.decoding.container_chains import check_chain
from insight_dagster.analysis.decoding.containers import OpenVideo
from insight_dagster.analysis.decoding.matroska_checksums import check_parts
from insight_dagster.analysis.decoding.packet_damage import damaged, key_times, times_contradict
from insight_dagster.errors import DecodeError

# In these formats a packet is a frame; MPEG-TS, for example, may store a frame's two fields in two.
FRAME_PER_PACKET = frozenset({"mov", "matroska", "avi", "flv"})

_CLOCK = re.compile(r"\d+:\d\d:\d\d(\.\d+)?")
_VOP_START = b"\x00\x00\x01\xb6"
# A placeholder of at most this size repeats a frame, or follows two frames packed into one packet.
_MPEG4_PLACEHOLDER_BYTES = 19
_TABLE_TOLERANCE_SECONDS = 1.0
_CHUNK_HEADER = 8  # bytes in front of a frame in an AVI file
# A shorter missing end is a rounding of the container's duration.
_TAIL_TOLERANCE_SECONDS = 0.25


@dataclass(frozen=True)
class PacketTable:
    """The packets of a span of a stream, in decoding order.

    Attributes:
        packets: packets from a key frame on, both shown and only referred to.
        at_end: whether the last of them is the last of the file.
        leading: number of packets stored behind the first key frame and shown before it, which
            depend on frames that the span does not hold.
    """

    packets: tuple[Packet, ...]
    at_end: bool
    leading: int = 0

    def shown(self, codec_name: str) -> tuple[Packet, ...]:
        """Return the packets whose frames are shown."""
        return tuple(p for p in self.packets if shows_frame(p, codec_name))

    @property
    def last_dts(self) -> int | None:
        """The decoding timestamp of the last packet; None if no packet has one."""
        return max((p.dts for p in self.packets if p.dts is not None), default=None)


def read_packets(video: OpenVideo, *, end_pts: float = math.inf, spare: int = 0) -> PacketTable:
    """Read the packets from the current position to the first one decoded at or after `end_pts`.

    Args:
        video: an open file, at its start or just after a seek.
        end_pts: timestamp in units of the stream's time base.
        spare: number of packets to read beyond that, for containers without presentation times.

    Raises:
        DecodeError: a packet is damaged or incomplete.
    """
    packets: list[Packet] = []
    leading: list[Packet] = []
    try:
        for packet in _playable(_intact_packets(video), leading):
            if packet.dts is not None and packet.dts >= end_pts:
                spare -= 1
                if spare < 0:
                    return PacketTable(tuple(packets), at_end=False, leading=len(leading))
            packets.append(packet)
    except MemoryError:
        raise
    except FFmpegError as problem:
        place = f"after {at_second(packets[-1], video)[3:]}" if packets else "at its start"
        raise DecodeError(f"the file is damaged {place}") from problem
    return PacketTable(tuple(packets), at_end=True, leading=len(leading))


def _intact_packets(video: OpenVideo) -> Iterator[Packet]:
    keys = key_times(video)
    for packet in video.container.demux(video.stream):
        if damaged(packet, video, keys):
            raise DecodeError(f"damaged or cut short {at_second(packet, video)}")
        yield packet


def _playable(packets: Iterable[Packet], leading: list[Packet]) -> Iterator[Packet]:
    """Yield packets from the first key frame on, and append those shown before it to `leading`."""
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
            leading.append(packet)
            continue
        yield packet


def at_second(packet: Packet, video: OpenVideo) -> str:
    """Return the time of a packet for messages, such as `at 1.25 s`."""
    time = packet.pts if packet.pts is not None else packet.dts
    if time is None:
        return "at an unknown time"
    return f"at {float((time - video.start_pts) * video.time_base):.2f} s"


def shows_frame(packet: Packet, codec_name: str) -> bool:
    """Return whether the packet's frame is shown.

    Not shown are packets that an edit list cuts, VP8's hidden reference frames (RFC 6386, 9.1) and
    MPEG-4 packets without a video object plane.
    """
    if packet.is_discard:
        return False
    if codec_name == "vp8":
        return bool(bytes(packet)[0] & 0x10)
    if codec_name == "mpeg4":
        return _VOP_START in bytes(packet)
    return True


def may_be_empty(packet: Packet, codec_name: str) -> bool:
    """Return whether a packet that seems to show a frame may validly decode to none."""
    return codec_name == "mpeg4" and packet.size <= _MPEG4_PLACEHOLDER_BYTES


def header_is_finished(video: OpenVideo) -> bool:
    """Return whether the header may tell the number and the duration of the frames.

    Programs that write AVI to a pipe, and cannot go back to its header, leave a number of frames in
    it that fits into no file of this size. For ASF files libav estimates a missing duration from
    the bit rate.
    """
    if video.format_name == "avi":
        return video.stream.frames * _CHUNK_HEADER <= video.path.stat().st_size
    return video.format_name != "asf"


def check_complete(video: OpenVideo, table: PacketTable) -> bool:
    """Check that the file holds all frames that the container's index and header name.

    Returns:
        Whether checksums in the file prove that the packets are what the encoder wrote.

    Raises:
        DecodeError: frames are missing, the container's tables contradict each other, or a checksum
            is wrong.
    """
    if not table.packets:
        raise DecodeError("the video stream holds no frame")
    if video.format_name == "avi":
        _check_gaps(video, table)
    if times_contradict(table.packets, video, at_end=table.at_end):
        raise DecodeError("damaged: its tables disagree about when frames are shown")
    if table.at_end:
        _check_end(video, table)
    places = [packet.pos for packet in table.packets if packet.pos is not None]
    first, last = min(places, default=0), max(places, default=0)
    check_chain(video.path, video.format_name, last, video.stream.id, at_end=table.at_end)
    return video.format_name == "matroska" and check_parts(video.path, first, last)


def _check_end(video: OpenVideo, table: PacketTable) -> None:
    if video.format_name == "mov":
        _check_index(video, table)
        _check_span(video, table)
    elif video.format_name == "avi":
        _check_count(video, table)
    elif video.format_name in FRAME_PER_PACKET:
        _check_duration(video, table)


def _check_gaps(video: OpenVideo, table: PacketTable) -> None:
    # Behind a damaged chunk libav continues with the next one that it recognises, without an error.
    packets = [packet for packet in table.packets if packet.dts is not None]
    stamps = [packet.dts for packet in packets if packet.dts is not None]
    first, last = min(stamps, default=0), max(stamps, default=-1)
    entries = [e for e in video.stream.index_entries if e.size and first <= e.timestamp <= last]
    missing = len(entries) - len(stamps) - table.leading
    if missing > 0:
        raise DecodeError(f"damaged: {missing} of {len(entries)} frames cannot be found")
    places: dict[int | None, tuple[int | None, int]] = {
        entry.timestamp: (entry.pos + _CHUNK_HEADER, entry.size) for entry in entries
    }
    moved = sum(places.get(p.dts, (p.pos, p.size)) != (p.pos, p.size) for p in packets)
    if moved:
        raise DecodeError(f"damaged: {moved} frames are not where the index has them")


def _check_index(video: OpenVideo, table: PacketTable) -> None:
    entries = video.stream.index_entries
    last = table.last_dts
    if len(entries) and last is not None and last < entries[-1].timestamp:
        raise DecodeError(
            f"cut short: the index declares {len(entries)} frames, "
            f"the file ends {at_second(table.packets[-1], video)}"
        )


def _check_span(video: OpenVideo, table: PacketTable) -> None:
    # An edit list may leave frames out of the index, but the duration then leaves them out too.
    times = [packet.dts for packet in table.packets if packet.dts is not None]
    if len(video.stream.index_entries) >= video.stream.frames or not times:
        return
    declared = float((video.stream.duration or 0) * video.time_base)
    present = float((max(times) - min(times)) * video.time_base)
    if present + _TABLE_TOLERANCE_SECONDS < declared:
        raise DecodeError(
            f"damaged: the header declares {declared:.2f} s, the frames last {present:.2f} s"
        )


def _check_count(video: OpenVideo, table: PacketTable) -> None:
    # AVI timestamps count frames, including dropped ones (empty chunks, which are not read).
    declared, last = video.stream.frames, table.last_dts
    if header_is_finished(video) and last is not None and last + 1 < declared - 1:
        raise DecodeError(
            f"cut short: the header declares {declared} frames, {last + 1} are present"
        )


def _check_duration(video: OpenVideo, table: PacketTable) -> None:
    ends = [p.pts + (p.duration or 0) for p in table.packets if p.pts is not None]
    declared = _declared_end(video)
    if declared is None or not ends:
        return
    seconds, tolerance = declared
    present = float(max(ends) * video.time_base)
    if present + tolerance < seconds:
        raise DecodeError(
            f"cut short: the header declares {seconds:.2f} s, {present:.2f} s are present"
        )


def _declared_end(video: OpenVideo) -> tuple[float, float] | None:
    """Return the second at which the frames should end, and its tolerance; None if unknown."""
    frame = 1 / (video.fps or 25.0)
    tag = video.stream.metadata.get("DURATION", "")
    if _CLOCK.fullmatch(tag):
        hours, minutes, seconds = tag.split(":")
        return int(hours) * 3600 + int(minutes) * 60 + float(seconds), 1.5 * frame
    # A file's duration is that of its longest stream: with audio it does not apply to the frames.
    if len(video.container.streams) == 1 and video.container.duration:
        return video.container.duration / 1e6, max(_TAIL_TOLERANCE_SECONDS, 2 * frame)
    return None
