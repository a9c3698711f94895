"""Reading the pictures of a span with PyAV, sequentially, stopping at the first sign of damage.

The choice of pictures (`picture_plan.py`) and what the packets promise (`packet_table.py`) do
not belong here.
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
    PicturePlan,
    Span,
    WindowPictures,
    ends_early,
    plan_pictures,
    to_pts,
)
from insight_dagster.analysis.decoding.packet_table import (
    FRAME_PER_PACKET,
    PacketTable,
    at_second,
    check_complete,
    may_stay_dark,
    read_packets,
)
from insight_dagster.errors import DecodeError

# Packets read beyond the span where time stamps count packets instead of presentation times:
# no codec here delays a picture by more.
_REORDER_PACKETS = 32
_TIMED_FORMATS = frozenset({"mov", "matroska", "flv"})
_INDEXED_FORMATS = frozenset({"mov", "matroska"})


@dataclass
class _Harvest:
    """Pictures taken while decoding: the picked ones, and the time stamps of all in the span."""

    pictures: dict[int, np.ndarray] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)


def read_window(path: Path, span: Span) -> WindowPictures:
    """The picked pictures of a span.

    Raises:
        DecodeError: the span holds no picture, or one of them is missing or damaged.
    """
    if span.start > 0:
        # A seek may land behind the wanted picture, or in the middle of what an edit list
        # rearranged. Whatever is wrong then, reading from the start decides.
        try:
            return _read(path, span, seek=True)
        except DecodeError:
            pass
    return _read(path, span, seek=False)


def first_rotation(video: OpenVideo, table: PacketTable) -> int:
    """Clockwise degrees that make the first picture upright, rounded to quarter turns.

    Raises:
        DecodeError: no packet yields a picture.
    """
    for frame in _decode_packets(video, table):
        return round(-_rotation(frame) / 90) % 4 * 90
    raise DecodeError("none of its pictures can be decoded")


def upright(picture: np.ndarray, rotation: float) -> np.ndarray:
    """Turn (H, W, 3) by libav's counter-clockwise `rotation` in degrees, in quarter turns."""
    quarter_turns = round(rotation / 90) % 4
    return np.rot90(picture, quarter_turns) if quarter_turns else picture


def _read(
    path: Path, span: Span, *, seek: bool, known_times: tuple[int, ...] | None = None
) -> WindowPictures:
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
        promised = _counted_times(video, table) if counted else _stamped_times(video, table)
        times = promised if known_times is None else known_times
        plan = plan_pictures(times, span, start_pts=video.start_pts, time_base=video.time_base)
        harvest = _harvest(video, table, plan, promised if counted else None)
        if harvest.seen == set(plan.times):
            return _assemble(video, table, plan, span, harvest)
        if known_times is not None or not _excusable(video, table, plan, harvest):
            missing = len(set(plan.times) - harvest.seen)
            raise DecodeError(
                f"{missing} of {len(plan.times)} pictures between {span.start:.2f} s and "
                f"{span.stop:.2f} s cannot be decoded"
            )
    return _read(path, span, seek=seek, known_times=tuple(harvest.seen))


def _counts_packets(video: OpenVideo, table: PacketTable) -> bool:
    # AVI stores no presentation times, raw streams none at all, program streams not for every
    # picture. libav guesses them, and for H.264 in AVI the guess is not even in display order;
    # the order in which the decoder gives pictures out is.
    # MPEG-4 in AVI is left as guessed: right for plain B-frames, and for packed ones, where
    # neighbours may swap, still the order in which PyTorchVideo shows the file to a model.
    if any(packet.pts is None for packet in table.packets):
        return True
    reorders = bool(video.stream.codec_context.has_b_frames)
    return video.format_name == "avi" and video.codec_name != "mpeg4" and reorders


def _seek(video: OpenVideo, span: Span) -> bool:
    # Elsewhere seeking estimates a byte position, and time stamps behind it may be guesses.
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
        raise DecodeError(f"a picture is damaged {place}") from problem


def _harvest(
    video: OpenVideo, table: PacketTable, plan: PicturePlan, counted_times: list[int] | None
) -> _Harvest:
    harvest, wanted, inside = _Harvest(), set(plan.picked), set(plan.times)
    reformatter = VideoReformatter()
    first, last = plan.times[0], plan.times[-1]
    before = None
    for position, frame in enumerate(_decode_packets(video, table)):
        time = frame.pts
        if counted_times is not None:
            time = counted_times[position] if position < len(counted_times) else last + 1
        if time is None:
            raise DecodeError("a picture has no time stamp")
        # A decoder gives pictures out in the order in which they are shown.
        if before is not None and time <= before and video.format_name in _INDEXED_FORMATS:
            raise DecodeError(f"damaged: a picture is out of order at {_second(video, time):.2f} s")
        before = time
        if not first <= time <= last:
            continue
        if frame.is_corrupt:
            raise DecodeError(f"a picture is damaged at {_second(video, time):.2f} s")
        harvest.seen.add(time)
        if time in wanted:
            harvest.pictures[time] = _pixels(frame, reformatter)
        if harvest.seen == inside:
            break
    return harvest


def _pixels(frame: VideoFrame, reformatter: VideoReformatter) -> np.ndarray:
    picture = reformatter.reformat(frame, format="rgb24").to_ndarray()
    return upright(picture, _rotation(frame))


def _rotation(frame: VideoFrame) -> int:
    """Counter-clockwise degrees that the picture is stored turned by."""
    rotation = frame.rotation
    if abs(rotation) > 360:  # libav's answer for a matrix that turns nothing
        raise DecodeError("damaged: how its pictures are turned cannot be read")
    return rotation


def _second(video: OpenVideo, time: int) -> float:
    return float((time - video.start_pts) * video.time_base)


def _excusable(video: OpenVideo, table: PacketTable, plan: PicturePlan, harvest: _Harvest) -> bool:
    if not harvest.seen:
        return False
    missing = set(plan.times) - harvest.seen
    if video.format_name not in FRAME_PER_PACKET:
        return True
    dark = {p.pts for p in table.packets if may_stay_dark(p, video.codec_name)}
    return missing <= dark


def _assemble(
    video: OpenVideo, table: PacketTable, plan: PicturePlan, span: Span, harvest: _Harvest
) -> WindowPictures:
    pictures = [harvest.pictures[time] for time in plan.picked]
    sizes = sorted({f"{p.shape[1]}x{p.shape[0]}" for p in pictures})
    if len(sizes) > 1:
        raise DecodeError(f"the picture size changes inside the window: {', '.join(sizes)}")
    return WindowPictures(
        frames=np.stack(pictures),
        seconds=plan.seconds,
        available=len(plan.times),
        ended_early=ends_early(plan, span, at_end=table.at_end, fps=video.fps),
    )
