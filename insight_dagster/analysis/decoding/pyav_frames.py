"""Decoding the frames of a span with PyAV, in order, up to the first sign of damage.

Selecting frames (`frame_plan`) and reading packets (`packet_table`) do not belong here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from av.error import FFmpegError
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from insight_dagster.analysis.decoding.containers import OpenVideo, open_video
from insight_dagster.analysis.decoding.frame_plan import (
    FramePlan,
    Span,
    WindowFrames,
    ends_early,
    plan_frames,
    to_pts,
)
from insight_dagster.analysis.decoding.orientation import Orientation, oriented
from insight_dagster.analysis.decoding.packet_table import (
    FRAME_PER_PACKET,
    PacketTable,
    at_second,
    check_complete,
    may_be_empty,
    read_packets,
)
from insight_dagster.errors import DecodeError

# Packets read beyond the span if timestamps count packets instead of presentation times: no codec
# delays a frame by more.
_REORDER_PACKETS = 32
_TIMED_FORMATS = frozenset({"mov", "matroska", "flv"})
_INDEXED_FORMATS = frozenset({"mov", "matroska"})


@dataclass
class _DecodedSpan:
    """The picked frames by timestamp, how they were turned, and the timestamps of all frames."""

    frames: dict[int, np.ndarray] = field(default_factory=dict)
    orientations: set[Orientation] = field(default_factory=set)
    seen: set[int] = field(default_factory=set)


def read_window(path: Path, span: Span) -> WindowFrames:
    """Decode the sampled frames of a span.

    Raises:
        DecodeError: the span holds no frame, or one of its frames is missing or damaged.
    """
    if span.start > 0:
        # A seek may land behind the first frame, or in the middle of what an edit list rearranged.
        # If anything is wrong then, the result of reading from the start counts.
        try:
            return _read(path, span, seek=True)
        except DecodeError:
            pass
    return _read(path, span, seek=False)


def first_orientation(video: OpenVideo, table: PacketTable) -> Orientation:
    """Return the orientation in which the first frame is shown.

    Raises:
        DecodeError: no packet can be decoded to a frame, or its display matrix cannot be applied.
    """
    for _, orientation in oriented(_decode_packets(video, table)):
        return orientation
    raise DecodeError("none of its frames can be decoded")


def _read(
    path: Path, span: Span, *, seek: bool, known_times: tuple[int, ...] | None = None
) -> WindowFrames:
    with open_video(path) as video:
        if seek and not _seek(video, span):
            raise DecodeError(f"seeking in {video.format_name} files is not exact")
        table = read_packets(
            video,
            end_pts=to_pts(span.stop, video.time_base, video.start_pts),
            spare=0 if video.format_name in _TIMED_FORMATS else _REORDER_PACKETS,
        )
        counted = _counts_packets(video, table)
        if seek:
            _check_landing(video, table, span, counted)
        check_complete(video, table)
        listed = _counted_times(video, table) if counted else _stamped_times(video, table)
        times = listed if known_times is None else known_times
        plan = plan_frames(times, span, start_pts=video.start_pts, time_base=video.time_base)
        decoded = _decode_span(video, table, plan, listed if counted else None)
        if decoded.seen == set(plan.times):
            return _assemble(video, table, plan, span, decoded)
        if known_times is not None or not _gaps_are_valid(video, table, plan, decoded):
            missing = len(set(plan.times) - decoded.seen)
            raise DecodeError(
                f"{missing} of {len(plan.times)} frames between {span.start:.2f} s and "
                f"{span.stop:.2f} s cannot be decoded"
            )
    return _read(path, span, seek=seek, known_times=tuple(decoded.seen))


def _counts_packets(video: OpenVideo, table: PacketTable) -> bool:
    # AVI and raw streams store no presentation times, program streams not for every frame. libav
    # guesses them, and for H.264 in AVI the guess is not in display order. The decoder returns
    # frames in display order, so that they can be counted instead.
    # The guess is kept for MPEG-4 in AVI: it is right for plain B-frames, and for packed ones,
    # where neighbours may swap, PyTorchVideo shows a model the same order.
    if any(packet.pts is None for packet in table.packets):
        return True
    reorders = bool(video.stream.codec_context.has_b_frames)
    return video.format_name == "avi" and video.codec_name != "mpeg4" and reorders


def _seek(video: OpenVideo, span: Span) -> bool:
    # In other formats seeking estimates a byte position, and timestamps behind it may be guesses.
    if video.format_name not in _INDEXED_FORMATS:
        return False
    first = to_pts(span.start, video.time_base, video.start_pts)
    video.container.seek(first, stream=video.stream, backward=True, any_frame=False)
    return True


def _check_landing(video: OpenVideo, table: PacketTable, span: Span, counted: bool) -> None:
    first = to_pts(span.start, video.time_base, video.start_pts)
    landed = table.packets[0].pts if table.packets else None
    if counted or landed is None or landed > first:
        raise DecodeError(f"seeking to {span.start:.2f} s is not exact")


def _stamped_times(video: OpenVideo, table: PacketTable) -> list[int]:
    return [packet.pts for packet in table.shown(video.codec_name) if packet.pts is not None]


def _counted_times(video: OpenVideo, table: PacketTable) -> list[int]:
    shown = table.shown(video.codec_name)
    stamps = sorted(packet.dts for packet in shown if packet.dts is not None)
    if shown and len(stamps) == len(shown):
        return [stamp - stamps[0] + video.start_pts for stamp in stamps]
    step = 1 / (video.fps or 25.0) / float(video.time_base)
    return [round(index * step) + video.start_pts for index in range(len(shown))]


def _decode_packets(video: OpenVideo, table: PacketTable) -> Iterator[VideoFrame]:
    place = "at its start"
    try:
        for packet in table.packets:
            place = at_second(packet, video)
            yield from packet.decode()
        yield from video.stream.codec_context.decode(None)
    except MemoryError:
        raise
    except FFmpegError as problem:
        raise DecodeError(f"a frame is damaged {place}") from problem


def _decode_span(
    video: OpenVideo, table: PacketTable, plan: FramePlan, counted_times: list[int] | None
) -> _DecodedSpan:
    decoded, wanted, inside = _DecodedSpan(), set(plan.picked), set(plan.times)
    reformatter = VideoReformatter()
    first, last = plan.times[0], plan.times[-1]
    before = None
    for position, (frame, orientation) in enumerate(oriented(_decode_packets(video, table))):
        time = frame.pts
        if counted_times is not None:
            time = counted_times[position] if position < len(counted_times) else last + 1
        if time is None:
            raise DecodeError("a frame has no timestamp")
        # A decoder returns frames in the order in which they are shown.
        if before is not None and time <= before and video.format_name in _INDEXED_FORMATS:
            raise DecodeError(f"damaged: a frame is out of order at {_second(video, time):.2f} s")
        before = time
        if not first <= time <= last:
            continue
        if frame.is_corrupt:
            raise DecodeError(f"a frame is damaged at {_second(video, time):.2f} s")
        decoded.seen.add(time)
        if time in wanted:
            decoded.frames[time] = orientation.upright(_pixels(frame, reformatter))
            decoded.orientations.add(orientation)
        if decoded.seen == inside:
            break
    return decoded


def _pixels(frame: VideoFrame, reformatter: VideoReformatter) -> np.ndarray:
    return reformatter.reformat(frame, format="rgb24").to_ndarray()


def _second(video: OpenVideo, time: int) -> float:
    return float((time - video.start_pts) * video.time_base)


def _gaps_are_valid(
    video: OpenVideo, table: PacketTable, plan: FramePlan, decoded: _DecodedSpan
) -> bool:
    if not decoded.seen:
        return False
    missing = set(plan.times) - decoded.seen
    if video.format_name not in FRAME_PER_PACKET:
        return True
    empty = {p.pts for p in table.packets if may_be_empty(p, video.codec_name)}
    return missing <= empty


def _assemble(
    video: OpenVideo, table: PacketTable, plan: FramePlan, span: Span, decoded: _DecodedSpan
) -> WindowFrames:
    if len(decoded.orientations) > 1:
        raise DecodeError("the orientation of the frames changes inside the window")
    frames = [decoded.frames[time] for time in plan.picked]
    sizes = sorted({f"{p.shape[1]}x{p.shape[0]}" for p in frames})
    if len(sizes) > 1:
        raise DecodeError(f"the frame size changes inside the window: {', '.join(sizes)}")
    return WindowFrames(
        frames=np.stack(frames),
        seconds=plan.seconds,
        available=len(plan.times),
        ended_early=ends_early(plan, span, at_end=table.at_end, fps=video.fps),
    )
