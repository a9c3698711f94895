"""Reading the pictures of a span with decord, for the files on which it is exact.

decord cannot say that a picture is damaged and counts wrongly where time stamps are irregular,
so it is never chosen here by itself; PyAV (`pyav_frames.py`) reads the rest.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from insight_dagster.analysis.decoding.containers import OpenVideo, open_video
from insight_dagster.analysis.decoding.frame_plan import (
    PicturePlan,
    Span,
    WindowPictures,
    ends_early,
    plan_pictures,
)
from insight_dagster.analysis.decoding.packet_table import PacketTable, check_complete, read_packets
from insight_dagster.errors import DecodeError

_EXACT_CODECS = frozenset({"h264", "hevc", "vp9"})
_EXACT_PIXELS = frozenset({"yuv420p", "yuvj420p", "yuv422p", "yuv444p"})
_EXACT_CONTAINERS = frozenset({"mov", "matroska"})


def why_not(video: OpenVideo, table: PacketTable) -> str | None:
    """Why decord would not be exact on this file; None where it is.

    Args:
        video: the open file.
        table: all of its packets.
    """
    times = _times(table)
    pixels = video.stream.codec_context.pix_fmt
    problems = {
        f"decord is not exact on {video.codec_name}": video.codec_name not in _EXACT_CODECS,
        f"decord is not exact on {video.format_name} files": (
            video.format_name not in _EXACT_CONTAINERS
        ),
        f"decord rounds {pixels} pixels differently": pixels not in _EXACT_PIXELS,
        "an edit list cuts pictures, which decord counts": any(
            packet.is_discard for packet in table.packets
        ),
        "time stamps are missing or repeat": len(set(times)) != len(table.packets),
        "the first picture is not at the stream's start": times[:1] != [video.start_pts],
        "decord is not exact where groups of pictures are open": _has_open_groups(table),
    }
    return next((reason for reason, holds in problems.items() if holds), None)


def advise(video: OpenVideo, table: PacketTable) -> tuple[str, str]:
    """(decoder, reason) for the manifest, from a file's packets.

    Always PyAV. Measured on H.264 with 20 flipped bits: decord passed wrong pictures on without
    an error in 27 of 30 files, PyAV in none; and it is no faster.
    """
    problem = why_not(video, table)
    return "pyav", problem or "it reports damaged pictures, which decord passes on"


def read_window(path: Path, span: Span) -> WindowPictures:
    """The picked pictures of a span.

    Raises:
        DecodeError: decord would not be exact on the file, or cannot read it, or the span
            holds no picture.
    """
    with open_video(path) as video:
        table = read_packets(video)
        check_complete(video, table)
        problem = why_not(video, table)
        if problem is not None:
            raise DecodeError(f"decord was asked for, but {problem}")
        times = _times(table)
        plan = plan_pictures(times, span, start_pts=video.start_pts, time_base=video.time_base)
        early = ends_early(plan, span, at_end=True, fps=video.fps)
    frames = _read_pictures(path, plan, times)
    return WindowPictures(frames, plan.seconds, len(plan.times), early)


def _times(table: PacketTable) -> list[int]:
    return sorted(packet.pts for packet in table.packets if packet.pts is not None)


def _has_open_groups(table: PacketTable) -> bool:
    # Pictures shown before a key frame but stored behind it need those of the group before.
    key_time = -math.inf
    for packet in table.packets:
        if packet.pts is None:
            continue
        if packet.is_keyframe:
            key_time = packet.pts
        elif packet.pts < key_time:
            return True
    return False


def _read_pictures(path: Path, plan: PicturePlan, times: list[int]) -> np.ndarray:
    # Imported here: loading decord takes its own copy of libav into memory.
    import decord

    position = {time: index for index, time in enumerate(times)}
    try:
        reader = decord.VideoReader(str(path.absolute()), ctx=decord.cpu(0), num_threads=1)
        if len(reader) != len(times):
            raise DecodeError(f"decord counts {len(reader)} pictures, the packets {len(times)}")
        return reader.get_batch([position[time] for time in plan.picked]).asnumpy()
    except (decord.DECORDError, RuntimeError) as problem:
        # Their messages are C++ stack traces.
        raise DecodeError("decord cannot read its pictures") from problem
