"""Tiny test videos with the number of each frame burnt in as a bar code.

Everything is written with PyAV: no file of this machine and no ffmpeg program is needed.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import av
import numpy as np

BITS = 8
_FORMATS = {".mkv": "matroska", ".wmv": "asf", ".ts": "mpegts"} | {
    f".{name}": name for name in ("avi", "flv", "webm")
}
_BAND = 32  # rows of the bar code, thick enough to survive the coarsest quantisation


@dataclass(frozen=True)
class Recipe:
    """The encoding of a test video."""

    name: str
    codec: str = "libx264"
    frames: int = 40
    fps: Fraction = Fraction(30)
    width: int = 192
    height: int = 128
    pixels: str = "yuv420p"
    options: dict[str, str] = field(default_factory=dict)
    container: dict[str, str] = field(default_factory=dict)
    rotation: int = 0
    audio: bool = False
    first_pts: int = 0
    uneven: bool = False
    piped: bool = False

    @property
    def rate(self) -> int:
        """The frame rate as a whole number, for codecs that support no other."""
        return round(self.fps)


H264 = {"g": "12", "bf": "2", "preset": "veryfast", "crf": "20"}

CORPUS = (
    Recipe("h264.mp4", options=H264),
    Recipe("h264_open_gop.mp4", options=H264 | {"x264-params": "open-gop=1:keyint=12"}),
    Recipe("h264_faststart.mp4", options=H264, container={"movflags": "+faststart"}),
    Recipe("h264_fragments.mp4", options=H264, container={"movflags": "frag_keyframe+empty_moov"}),
    Recipe("h264_10bit.mp4", pixels="yuv420p10le", options=H264),
    Recipe("h264_444.mp4", pixels="yuv444p", options=H264),
    Recipe("h264_uneven.mp4", options=H264, uneven=True),
    Recipe("h264_audio.mp4", options=H264, audio=True),
    Recipe("h264_15fps.mp4", fps=Fraction(15), options=H264),
    Recipe("h264_25fps.mov", fps=Fraction(25), options=H264),
    Recipe("h264_ntsc.mp4", fps=Fraction(30000, 1001), options=H264),
    Recipe("h264_60fps.mkv", fps=Fraction(60), options=H264),
    Recipe("h264_portrait.mp4", width=128, height=224, options=H264),
    Recipe("h264_late.ts", options=H264, first_pts=90),
    Recipe("h264.flv", options=H264),
    Recipe("h264_b_frames.avi", options=H264),
    Recipe("mpeg4_b_frames.avi", codec="mpeg4", options={"bf": "2", "q:v": "3"}),
    Recipe("mpeg4.mp4", codec="mpeg4", options={"bf": "2"}),
    Recipe("mpeg2.mpg", codec="mpeg2video", options={"bf": "2"}),
    Recipe("mjpeg.avi", codec="mjpeg", pixels="yuvj420p"),
    Recipe(
        "vp8.webm",
        codec="libvpx",
        options={"b": "400k", "auto-alt-ref": "1", "deadline": "realtime"},
    ),
    Recipe(
        "vp9.webm",
        codec="libvpx-vp9",
        options={"b": "400k", "deadline": "realtime", "cpu-used": "8"},
    ),
    Recipe(
        "hevc.mp4",
        codec="libx265",
        options={"preset": "ultrafast", "x265-params": "log-level=none:pools=1"},
    ),
    Recipe("av1.mp4", codec="libsvtav1", options={"preset": "12"}),
)


def bar_code(number: int, width: int, height: int) -> np.ndarray:
    """Return a frame (height, width, 3) uint8 with `number` as a bar code above a moving square."""
    frame = np.full((height, width, 3), 96, np.uint8)
    cell = width // BITS
    for bit in range(BITS):
        if number >> bit & 1:
            frame[:_BAND, bit * cell : (bit + 1) * cell] = 255
        else:
            frame[:_BAND, bit * cell : (bit + 1) * cell] = 0
    left = (3 * number) % (width - 24)
    frame[_BAND + 16 : _BAND + 40, left : left + 24] = (220, 40, 60)
    return frame


def read_bar_code(frame: np.ndarray) -> int:
    """Return the number in the bar code of an upright frame."""
    cell = frame.shape[1] // BITS
    centres = frame[8 : _BAND - 8, cell // 2 :: cell][:, :BITS].mean((0, 2))
    return sum(1 << bit for bit, value in enumerate(centres) if value > 128)


def numbers(frames: np.ndarray) -> list[int]:
    """Return the number of each frame of an array (T, H, W, 3)."""
    return [read_bar_code(frame) for frame in frames]


class _Pipe:
    """A file that is only written to, from its start to its end."""

    def __init__(self, file: BinaryIO) -> None:
        self.write = file.write


def write_video(folder: Path, recipe: Recipe) -> Path:
    """Encode a recipe into `folder`; av.error.FFmpegError if PyAV lacks the codec."""
    path = folder / recipe.name
    with (
        kept_priority(),
        path.open("wb") as file,
        av.open(
            _Pipe(file) if recipe.piped else str(path),
            "w",
            format=_FORMATS.get(path.suffix) if recipe.piped else None,
            options=recipe.container,
        ) as container,
    ):
        stream = container.add_stream(recipe.codec, rate=recipe.fps, options=recipe.options)
        stream.width, stream.height, stream.pix_fmt = recipe.width, recipe.height, recipe.pixels
        stream.thread_type = "NONE"
        if recipe.rotation:
            stream.set_display_rotation(recipe.rotation)
        sound = _sound_stream(container) if recipe.audio else None
        for number in range(recipe.frames):
            frame = av.VideoFrame.from_ndarray(
                bar_code(number, recipe.width, recipe.height), format="rgb24"
            ).reformat(format=recipe.pixels)
            frame.pts = _pts(recipe, number)
            frame.time_base = 1 / recipe.fps
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if sound is not None:
            _write_silence(container, sound, recipe.frames / float(recipe.fps))
    return path


@contextmanager
def kept_priority() -> Iterator[None]:
    """Restore the scheduling policy of this thread.

    SVT-AV1 gives the thread that opens it real-time priority if the user may have it. Its child
    processes would inherit that, and a browser that waits busily would stop everything else.
    """
    if not hasattr(os, "sched_getscheduler"):  # not Linux
        yield
        return
    policy, priority = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        os.sched_setscheduler(0, policy, priority)


def write_audio(path: Path, seconds: float = 1.0) -> Path:
    """Write a file with an audio stream only."""
    with av.open(str(path), "w") as container:
        _write_silence(container, _sound_stream(container), seconds)
    return path


def truncate(source: Path, target: Path, share: float) -> Path:
    """Write the first `share` of a file's bytes."""
    data = source.read_bytes()
    target.write_bytes(data[: int(len(data) * share)])
    return target


def flip_bits(source: Path, target: Path, count: int, seed: int) -> Path:
    """Write a copy with `count` bits flipped between 10 % and 80 % of the file."""
    data, rng = bytearray(source.read_bytes()), random.Random(seed)  # noqa: S311
    for _ in range(count):
        data[rng.randrange(len(data) // 10, len(data) * 8 // 10)] ^= 1 << rng.randrange(8)
    target.write_bytes(bytes(data))
    return target


def corrupt(source: Path, target: Path, seed: int) -> Path:
    """Write a copy with random damage: flipped bits, lost or added bytes, a hole or no end."""
    data, rng = bytearray(source.read_bytes()), random.Random(seed)  # noqa: S311
    at, few = rng.randrange(len(data)), rng.randrange(1, 400)
    match rng.choice(["flip", "hole", "cut", "lose", "add"]):
        case "flip":
            for _ in range(rng.choice([1, 5, 20])):
                data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        case "hole":
            data[at : at + 64] = bytes(min(64, len(data) - at))
        case "cut":
            del data[at:]
        case "lose":
            del data[at : at + few]
        case "add":
            data[at:at] = rng.randbytes(few)
    target.write_bytes(bytes(data))
    return target


def cut_start(source: Path, target: Path, seconds: float) -> Path:
    """Write a stream copy from `seconds` on; MP4 hides the frames before with an edit list."""
    with av.open(str(source)) as given, av.open(str(target), "w") as made:
        stream = given.streams.video[0]
        copy = made.add_stream_from_template(stream)
        shift = round(seconds / stream.time_base)
        for packet in given.demux(stream):
            if packet.dts is None:
                continue
            packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
            packet.stream = copy
            made.mux(packet)
    return target


def _pts(recipe: Recipe, number: int) -> int:
    # Uneven: every third frame is shown three times as long.
    place = number + 2 * (number // 3) if recipe.uneven else number
    return recipe.first_pts + place


def _sound_stream(container: av.container.OutputContainer) -> av.AudioStream:
    return container.add_stream("aac", rate=44100)


def _write_silence(
    container: av.container.OutputContainer, stream: av.AudioStream, seconds: float
) -> None:
    samples = 1024
    for block in range(int(seconds * 44100) // samples):
        frame = av.AudioFrame.from_ndarray(
            np.zeros((2, samples), np.float32), format="fltp", layout="stereo"
        )
        frame.sample_rate, frame.pts = 44100, block * samples
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))
