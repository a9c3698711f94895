"""Writing frames to H.264 MP4 files, and files that are damaged on purpose.

One encoder thread per clip, so that libx264 writes the same stream for the same frames.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from insight_dagster.errors import LibraryError

_KEPT_OF_TRUNCATED = 0.3
_RATE = 44_100


def write_video(
    path: Path, frames: Iterable[NDArray[np.uint8]], *, fps: int, size: tuple[int, int], crf: int
) -> None:
    """Encode frames as H.264 in MP4.

    Args:
        path: file to write.
        frames: (H, W, 3) uint8 RGB each.
        fps: frame rate in 1/s.
        size: width and height of the frames in pixels, both even.
        crf: constant rate factor of the encoder.
    """
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1
        stream.options = {"preset": "superfast", "crf": str(crf)}
        for rgb in frames:
            planes = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2YUV_I420), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(planes, format="yuv420p")))
        container.mux(stream.encode(None))


def write_damaged(path: Path, damage: str, *, whole: bytes = b"") -> None:
    """Write a file that cannot be decoded.

    Args:
        path: file to write.
        damage: truncated, empty, audio_only or not_video.
        whole: bytes of an intact clip, of which a truncated file keeps the first part.
    """
    if damage == "truncated":
        path.write_bytes(whole[: int(len(whole) * _KEPT_OF_TRUNCATED)])
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "audio_only":
        _write_tone(path)
    elif damage == "not_video":
        path.write_text("<html><body>404 video removed by the uploader</body></html>\n" * 40)
    else:
        raise LibraryError(
            f"unknown damage {damage!r}; known: truncated, empty, audio_only, not_video"
        )


def _write_tone(path: Path) -> None:
    """Write three seconds of a 440 Hz tone as AAC in MP4."""
    samples = (0.2 * np.sin(2 * np.pi * 440 / _RATE * np.arange(3 * _RATE))).astype(np.float32)
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=_RATE, layout="mono")
        for start in range(0, len(samples), 1024):
            block = av.AudioFrame.from_ndarray(samples[None, start : start + 1024], "fltp", "mono")
            block.sample_rate, block.pts = _RATE, start
            container.mux(stream.encode(block))
        container.mux(stream.encode(None))
