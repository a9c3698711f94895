"""Properties of a video file (`probe`) and the exact frames of a time window (`decode_window`).

A file that cannot be decoded exactly raises one `DecodeError` with the reason. Preparing frames
for a model (`model.preprocessing`) and finding clips (`clip_library`) do not belong here.

Frames are selected like PyTorchVideo's `EncodedVideo.get_clip` and `uniform_temporal_subsample`
do: presentation times in [start, start + seconds), counted from the stream's first one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from av.packet import Packet

from insight_dagster.analysis.decoding import decord_frames, pyav_frames
from insight_dagster.analysis.decoding.containers import OpenVideo, open_video
from insight_dagster.analysis.decoding.frame_plan import Span
from insight_dagster.analysis.decoding.held_file import FileHolder, has_hash, has_key
from insight_dagster.analysis.decoding.orientation import Orientation
from insight_dagster.analysis.decoding.packet_damage import SELF_CHECKING_CODECS
from insight_dagster.analysis.decoding.packet_table import (
    check_complete,
    header_is_finished,
    read_packets,
)
from insight_dagster.errors import DecodeError

DECODERS = ("pyav", "decord")


@dataclass(frozen=True)
class VideoFacts:
    """Properties of a file's video stream.

    Attributes:
        container: libav's short name of the container format, such as `mov`.
        codec: libav's short name of the codec, such as `h264`.
        width: coded width in pixels, before rotation.
        height: coded height in pixels, before rotation.
        fps: average frame rate in 1/s.
        frames: number of frames that are shown, without those that an edit list cuts or the codec
            hides.
        duration_seconds: duration of the video stream.
        rotation: clockwise rotation that makes the frames upright: 0, 90, 180 or 270 degrees.
        mirrored: whether left and right are then swapped.
        has_audio: whether there is an audio stream.
        undetectable_damage: whether damage inside frames may be decoded to wrong pictures without a
            sign, because neither the container's checksums nor the codec would show it.
        decoder: which of `DECODERS` to use.
        decoder_reason: why to use that decoder.
    """

    container: str
    codec: str
    width: int
    height: int
    fps: float
    frames: int
    duration_seconds: float
    rotation: int
    mirrored: bool
    has_audio: bool
    undetectable_damage: bool
    decoder: str
    decoder_reason: str

    def __post_init__(self) -> None:
        """Check that size, frame rate and number of frames are positive, and the rotation."""
        if min(self.width, self.height, self.frames) < 1 or self.fps <= 0:
            raise ValueError(f"width, height, frames and fps must be positive, got {self}")
        Orientation(self.rotation, self.mirrored)


@dataclass(frozen=True)
class DecodedWindow:
    """Frames sampled evenly from a time window.

    Attributes:
        frames: (T, H, W, 3) uint8 RGB, upright.
        timestamps: (T,) float64, seconds since the stream's first frame.
        source_frames: number of frames that the file has in the window.
        short: whether the video or its segment ends before the window does. The frames are then
            closer together, and repeat if `source_frames` < T.
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


def probe(
    path: Path, *, file_hash: str | None = None, files: FileHolder | None = None
) -> VideoFacts:
    """Return the properties of a video file, from its packets and its first frame.

    Args:
        path: the video file.
        file_hash: SHA-256 in hex that the file's bytes must have; None for any.
        files: holds the file for later calls; None to release it.

    Raises:
        DecodeError: the file is not a video, has other bytes, or is damaged or cut short in a way
            that shows without decoding it.
        OSError: the file cannot be read.
    """
    expected = None if file_hash is None else has_hash(file_hash)
    with _held(Path(path), expected, files) as held:
        return _probe(held)


def _probe(path: Path) -> VideoFacts:
    with open_video(path) as video:
        table = read_packets(video)
        proven = check_complete(video, table)
        shown = table.shown(video.codec_name)
        if not shown:
            raise DecodeError("the video stream shows no frame")
        orientation = pyav_frames.first_orientation(video, table)
        decoder, reason = decord_frames.advise(video, table, orientation)
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
            rotation=orientation.rotation,
            mirrored=orientation.mirrored,
            has_audio=len(video.container.streams.audio) > 0,
            undetectable_damage=not proven and video.codec_name not in SELF_CHECKING_CODECS,
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
    content_key: str | None = None,
    files: FileHolder | None = None,
) -> DecodedWindow:
    """Decode `num_frames` exact frames of [start, start + seconds), and only that span.

    Args:
        path: the video file.
        start: start of the window in seconds after the stream's first frame.
        seconds: length of the window.
        num_frames: number of frames; they repeat if the window holds fewer.
        end: end of the labelled segment in seconds; no frame at or after it is used.
        decoder: one of `DECODERS`; None for PyAV.
        content_key: `held_file.content_key` that the file's bytes and the segment must have; None
            for any.
        files: holds the file for later calls; None to release it.

    Raises:
        DecodeError: the window holds no frame, one of its frames is missing or damaged, or the file
            has other bytes.
        OSError: the file cannot be read.
        ValueError: an argument is out of range.
    """
    _check_arguments(start, seconds, num_frames, end, decoder)
    stop = start + seconds if end is None else min(start + seconds, end)
    span = Span(start, stop, num_frames)
    read = decord_frames.read_window if decoder == "decord" else pyav_frames.read_window
    expected = None if content_key is None else has_key(content_key, start, end)
    with _held(Path(path), expected, files) as held:
        window = read(held, span)
    cut_by_end = stop < start + seconds
    return DecodedWindow(
        frames=window.frames,
        timestamps=window.seconds,
        source_frames=window.available,
        short=cut_by_end or window.ended_early,
    )


@contextmanager
def _held(
    path: Path, expected: Callable[[str], bool] | None, files: FileHolder | None
) -> Iterator[Path]:
    """Yield a name for the bytes of a file; any bytes, and its own name, if none are expected."""
    if expected is None:
        yield path
        return
    with (
        closing(FileHolder()) if files is None else nullcontext(files) as holder,
        holder.hold(path, expected) as held,
    ):
        yield held


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
    if video.stream.duration and video.stream.duration > 0 and header_is_finished(video):
        return float(video.stream.duration * video.time_base)
    times = [packet.pts for packet in shown if packet.pts is not None] or [0]
    of_frame = 1 / (video.fps or 25.0)
    of_times = float((max(times) - min(times)) * video.time_base)
    return max(of_times, of_frame * (len(shown) - 1)) + of_frame
