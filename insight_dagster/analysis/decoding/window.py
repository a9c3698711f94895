"""Exact frames of a time window of a video, or one `DecodeError` that says why not.

Facts of a file (`probe`) and its pictures (`decode_window`) belong here; what a model makes of
the pictures (`preprocessing.py`) and which files are clips (`clip_library`) do not.

Pictures are chosen as PyTorchVideo's `EncodedVideo.get_clip` and `uniform_temporal_subsample`
choose them: presentation times in [start, start + seconds), counted from the stream's first one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from av.packet import Packet

from insight_dagster.analysis.decoding import decord_frames, pyav_frames
from insight_dagster.analysis.decoding.containers import OpenVideo, open_video
from insight_dagster.analysis.decoding.frame_plan import Span
from insight_dagster.analysis.decoding.packet_table import check_complete, read_packets
from insight_dagster.errors import DecodeError

DECODERS = ("pyav", "decord")


@dataclass(frozen=True)
class VideoFacts:
    """What a file says about its video stream.

    Attributes:
        container, codec: libav's short names, such as `mov` and `h264`.
        width, height: as coded, in pixels, before rotation.
        fps: average frame rate in 1/s.
        frames: pictures that the file shows (edit lists and hidden frames accounted for).
        duration_seconds: of the video stream.
        rotation: clockwise, in degrees, that makes the pictures upright: 0, 90, 180 or 270.
        has_audio: whether there is an audio stream.
        decoder, decoder_reason: which of `DECODERS` to use, and why.
    """

    container: str
    codec: str
    width: int
    height: int
    fps: float
    frames: int
    duration_seconds: float
    rotation: int
    has_audio: bool
    decoder: str
    decoder_reason: str

    def __post_init__(self) -> None:
        """Refuse facts that no video has."""
        if min(self.width, self.height, self.frames) < 1 or self.fps <= 0:
            raise ValueError(f"VideoFacts needs a size, a frame rate and frames, got {self}")
        if self.rotation not in (0, 90, 180, 270):
            raise ValueError(f"rotation must be 0, 90, 180 or 270, got {self.rotation}")


@dataclass(frozen=True)
class DecodedWindow:
    """Pictures of a time window, evenly spread over it.

    Attributes:
        frames: (T, H, W, 3) uint8 RGB, upright.
        timestamps: (T,) float64, seconds since the stream's first picture.
        source_frames: pictures that the window holds in the file.
        short: whether the video or its segment ends before the window does; frames then
            lie closer together, or repeat when `source_frames` < T.
    """

    frames: np.ndarray
    timestamps: np.ndarray
    source_frames: int
    short: bool

    def __post_init__(self) -> None:
        """Check shapes and types."""
        if self.frames.ndim != 4 or self.frames.shape[3] != 3 or self.frames.dtype != np.uint8:
            raise ValueError(
                f"frames must be (T, H, W, 3) uint8, got {self.frames.shape} {self.frames.dtype}"
            )
        if self.timestamps.shape != (len(self.frames),):
            raise ValueError(
                f"{len(self.frames)} frames need as many timestamps, got {self.timestamps.shape}"
            )


def probe(path: Path) -> VideoFacts:
    """Facts of a video file, at the price of reading its packets and decoding its first picture.

    Raises:
        DecodeError: it is not a video, or damaged or cut short as far as that shows without
            decoding it.
    """
    with open_video(Path(path)) as video:
        table = read_packets(video)
        check_complete(video, table)
        shown = table.shown(video.codec_name)
        if not shown:
            raise DecodeError("the video stream shows no picture")
        rotation = pyav_frames.first_rotation(video, table)
        decoder, reason = decord_frames.advise(video, table)
        context = video.stream.codec_context
        duration = _duration(video, shown)
        return VideoFacts(
            container=video.format_name,
            codec=video.codec_name,
            width=context.width,
            height=context.height,
            fps=video.fps or len(shown) / duration,
            frames=len(shown),
            duration_seconds=duration,
            rotation=rotation,
            has_audio=len(video.container.streams.audio) > 0,
            decoder=decoder,
            decoder_reason=reason,
        )


def decode_window(
    path: Path,
    *,
    start: float,
    seconds: float,
    num_frames: int,
    end: float | None = None,
    decoder: str | None = None,
) -> DecodedWindow:
    """`num_frames` pictures of [start, start + seconds), each exact; only that span is decoded.

    Args:
        path: the video file.
        start: first second of the window, counted from the stream's first picture.
        seconds: length of the window.
        num_frames: pictures wanted; they repeat when the window holds fewer.
        end: second at which the labelled segment ends; nothing at or after it is used.
        decoder: one of `DECODERS`; None takes PyAV.

    Raises:
        DecodeError: the window holds no picture, or one of its pictures is missing or damaged.
        ValueError: an argument makes no sense.
    """
    _check_arguments(start, seconds, num_frames, end, decoder)
    path = Path(path)
    stop = start + seconds if end is None else min(start + seconds, end)
    span = Span(start, stop, num_frames)
    read = decord_frames.read_window if decoder == "decord" else pyav_frames.read_window
    pictures = read(path, span)
    cut_by_end = stop < start + seconds
    return DecodedWindow(
        frames=pictures.frames,
        timestamps=pictures.seconds,
        source_frames=pictures.available,
        short=cut_by_end or pictures.ended_early,
    )


def _check_arguments(
    start: float, seconds: float, num_frames: int, end: float | None, decoder: str | None
) -> None:
    if not (math.isfinite(start) and start >= 0 and seconds > 0 and num_frames >= 1):
        raise ValueError(
            f"a window needs start >= 0, seconds > 0 and num_frames >= 1, "
            f"got {start}, {seconds} and {num_frames}"
        )
    if end is not None and end <= start:
        raise ValueError(f"the segment ends at {end} s, before it starts at {start} s")
    if decoder is not None and decoder not in DECODERS:
        raise ValueError(f"decoder must be one of {DECODERS} or None, got {decoder!r}")


def _duration(video: OpenVideo, shown: Sequence[Packet]) -> float:
    if video.stream.duration and video.stream.duration > 0:
        return float(video.stream.duration * video.time_base)
    times = [packet.pts for packet in shown if packet.pts is not None] or [0]
    picture = 1 / (video.fps or 25.0)
    return (
        max(float((max(times) - min(times)) * video.time_base), picture * (len(shown) - 1))
        + picture
    )
