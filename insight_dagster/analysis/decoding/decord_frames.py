"""Decoding the frames of a span with decord, for the files on which it is exact.

decord does not report damaged frames and miscounts them if timestamps are irregular, so that it is
used only on request. The default decoder is PyAV (`pyav_frames`).
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from insight_dagster.analysis.decoding.containers import OpenVideo, open_video
from insight_dagster.analysis.decoding.frame_plan import (
    FramePlan,
    Span,
    WindowFrames,
    ends_early,
    plan_frames,
)
from insight_dagster.analysis.decoding.orientation import Orientation
from insight_dagster.analysis.decoding.packet_table import PacketTable, check_complete, read_packets
from insight_dagster.analysis.decoding.pyav_frames import first_orientation
from insight_dagster.errors import DecodeError, Skipped

_EXACT_CODECS = frozenset({"h264", "hevc", "vp9"})
_EXACT_PIXELS = frozenset({"yuv420p", "yuvj420p", "yuv422p", "yuv444p"})
_EXACT_CONTAINERS = frozenset({"mov", "matroska"})


def check_exact(video: OpenVideo, table: PacketTable, orientation: Orientation) -> Skipped | None:
    """Return why decord is not exact on a file; None if it is.

    Args:
        video: the open file.
        table: all packets of the file.
        orientation: orientation of its first frame.
    """
    times = _times(table)
    pixels = video.stream.codec_context.pix_fmt
    problems = {
        f"decord is not exact on {video.codec_name}": video.codec_name not in _EXACT_CODECS,
        f"decord is not exact on {video.format_name} files": (
            video.format_name not in _EXACT_CONTAINERS
        ),
        f"decord rounds {pixels} pixels differently": pixels not in _EXACT_PIXELS,
        "decord does not apply every orientation": orientation != Orientation(),
        "an edit list cuts frames, which decord counts": any(
            packet.is_discard for packet in table.packets
        ),
        "timestamps are missing or repeat": len(set(times)) != len(table.packets),
        "the first frame is not at the stream's start": times[:1] != [video.start_pts],
        "decord is not exact where groups of frames are open": _has_open_groups(table),
    }
    return next((Skipped(reason) for reason, holds in problems.items() if holds), None)


def advise(video: OpenVideo, table: PacketTable, orientation: Orientation) -> tuple[str, str]:
    """Return the decoder to use for a file and the reason, for the manifest.

    The decoder is always PyAV. On H.264 files with 20 flipped bits, decord returned wrong frames
    without an error for 27 of 30 files, PyAV for none; and decord is no faster.
    """
    problem = check_exact(video, table, orientation)
    return "pyav", problem.reason if problem else "PyAV reports damaged frames, decord does not"


def read_window(path: Path, span: Span) -> WindowFrames:
    """Decode the sampled frames of a span.

    Raises:
        DecodeError: decord is not exact on the file or cannot read it, or the span holds no frame.
    """
    with open_video(path) as video:
        table = read_packets(video)
        check_complete(video, table)
        problem = check_exact(video, table, first_orientation(video, table))
        if problem is not None:
            raise DecodeError(f"decord cannot be used: {problem.reason}")
        times = _times(table)
        plan = plan_frames(times, span, start_pts=video.start_pts, time_base=video.time_base)
        early = ends_early(plan, span, at_end=True, fps=video.fps)
    frames = _read_frames(path, plan, times)
    return WindowFrames(frames, plan.seconds, len(plan.times), early)


def _times(table: PacketTable) -> list[int]:
    return sorted(packet.pts for packet in table.packets if packet.pts is not None)


def _has_open_groups(table: PacketTable) -> bool:
    # Frames shown before a key frame but stored behind it depend on the previous group.
    key_time = -math.inf
    for packet in table.packets:
        if packet.pts is None:
            continue
        if packet.is_keyframe:
            key_time = packet.pts
        elif packet.pts < key_time:
            return True
    return False


def _read_frames(path: Path, plan: FramePlan, times: list[int]) -> np.ndarray:
    # Imported here because decord loads its own copy of libav into memory.
    import decord

    position = {time: index for index, time in enumerate(times)}
    try:
        reader = decord.VideoReader(str(path.absolute()), ctx=decord.cpu(0), num_threads=1)
        if len(reader) != len(times):
            raise DecodeError(f"decord counts {len(reader)} frames, the packets {len(times)}")
        return reader.get_batch([position[time] for time in plan.picked]).asnumpy()
    except (decord.DECORDError, RuntimeError) as problem:
        # The messages of these errors are C++ stack traces.
        raise DecodeError("decord cannot read its frames") from problem
