"""Opening untrusted video files: which formats are let in, and plain reasons for what is refused.

What libav may read and how its errors read to a person belong here; packet tables
(`packet_table.py`) and frames (`decoding`) do not.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import av.logging
from av.container import InputContainer
from av.video.stream import VideoStream

from insight_dagster.analysis.decoding.file_headers import describe, describe_boxes, read_boxes
from insight_dagster.errors import DecodeError
from insight_dagster.failures import Unreadable

# Playlists and manifests (hls, dash, concat) are absent on purpose: they name other files and
# addresses, and a clip must not make this machine read those. Audio formats are present so that
# an audio file is called one.
_FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,live_flv,asf,ogg,gif,"
    "h264,hevc,m4v,ivf,nut,mxf,rm,dv,swf,3gp,"
    "mp3,wav,flac,aac,ac3,aiff,amr,caf,w64"
)
_OPEN_OPTIONS = {"protocol_whitelist": "file", "format_whitelist": _FORMATS}

# A damaged packet has to be an error: libav would otherwise paint over the hole and pass it on.
_DECODER_OPTIONS = {"err_detect": "crccheck+bitstream+buffer+explode"}

_REASONS = {
    av.error.EOFError: "the file ends before its first picture",
    av.error.DecoderNotFoundError: "there is no decoder for its codec",
    av.error.PatchWelcomeError: "its codec is used in a way that the decoder does not know",
}

MAX_PIXELS = 8192 * 4352

# Broadcasts begin anywhere, and libav objects to what comes before the first key picture.
_BEGIN_ANYWHERE = frozenset({"mpegts", "mpeg"})
_SHOWN_OF_COMPLAINT = 100


@dataclass(frozen=True)
class OpenVideo:
    """An open file and its first moving-picture stream; valid inside `open_video` only."""

    path: Path
    container: InputContainer
    stream: VideoStream

    @property
    def format_name(self) -> str:
        """First of libav's names of the container format, such as `mov` or `matroska`."""
        return self.container.format.name.split(",")[0]

    @property
    def codec_name(self) -> str:
        """Codec by its own name (`av1`), whichever library decodes it."""
        return self.stream.codec_context.codec.canonical_name

    @property
    def start_pts(self) -> int:
        """Presentation time stamp that counts as second 0."""
        return self.stream.start_time or 0

    @property
    def time_base(self) -> Fraction:
        """Seconds per time-stamp unit."""
        return self.stream.time_base or Fraction(1, 1000)

    @property
    def fps(self) -> float:
        """Average frame rate in 1/s; libav's guess where the container has none, 0 if unknown."""
        stream = self.stream
        return float(stream.average_rate or stream.guessed_rate or stream.base_rate or 0)


@contextmanager
def open_video(path: Path) -> Iterator[OpenVideo]:
    """Open `path` for reading on the calling thread and close it whatever happens.

    Raises:
        DecodeError: there is no such file, or it is not a video that can be decoded; also
            whatever libav objects to while the file is open, be it in its log alone: where the
            structure of a Matroska file is damaged it goes on behind the damage, and an HEVC
            picture whose reference is missing is made up.
    """
    _refuse_unreadable(path)
    try:
        # The absolute path begins with "/", so that no name is ever taken for a protocol.
        with (
            _complaints() as complaints,
            av.open(
                str(path.absolute()), options=_OPEN_OPTIONS, metadata_errors="replace"
            ) as container,
        ):
            _refuse_cut_short(path, container)
            video = OpenVideo(path, container, _video_stream(container))
            yield video
        _refuse_complaints(video, complaints)
    except MemoryError:  # libav's is one of its errors as well; the file need not be damaged
        raise
    except av.error.BlockingIOError as problem:  # so it says that there is no room for a stack
        raise MemoryError(str(path)) from problem
    except (av.error.FFmpegError, UnicodeError) as problem:
        raise DecodeError(explain(problem, path)) from problem


@contextmanager
def _complaints() -> Iterator[list[tuple[str, str]]]:
    """What libav logs as an error meanwhile, on this thread: by whom, and the message."""
    found: list[tuple[str, str]] = []
    av.logging.set_level(av.logging.ERROR)
    # Else what was said of one file is kept back when it is said of the next.
    av.logging.set_skip_repeated(False)
    with av.logging.Capture(local=True) as logged:
        yield found
    found.extend((name, text) for level, name, text in logged if level <= av.logging.ERROR)


def _refuse_complaints(video: OpenVideo, complaints: Sequence[tuple[str, str]]) -> None:
    if video.format_name in _BEGIN_ANYWHERE:
        return
    # What is said of sound, chapters and tags is no matter here. Of the readers of containers only
    # Matroska's is listened to: it goes on behind a hole in the file.
    speakers = {video.stream.codec_context.codec.name}
    if video.format_name == "matroska":
        speakers.add(video.container.format.name)
    for speaker, message in complaints:
        if speaker in speakers:
            raise DecodeError(f"damaged: the decoder says {_quoted(message)}")


def _quoted(message: str) -> str:
    """A message of libav's, which may repeat bytes of the file."""
    kept = "".join(letter if letter.isprintable() else " " for letter in message)
    return f"'{' '.join(kept.split())[:_SHOWN_OF_COMPLAINT]}'"


def explain(problem: Exception, path: Path) -> str:
    """One plain sentence for an error of libav, without addresses or source lines of it."""
    if isinstance(problem, av.error.InvalidDataError):
        return describe(path)
    if isinstance(problem, av.error.ArgumentError):
        return _explain_refused(path)
    if isinstance(problem, PermissionError):
        return Unreadable.from_os_error(problem).reason
    if isinstance(problem, OSError) and problem.errno == errno.EIO:
        return "cut short inside its header, or the disk cannot read it"
    return next(
        (reason for kind, reason in _REASONS.items() if isinstance(problem, kind)),
        f"it cannot be read or decoded ({type(problem).__name__})",
    )


def _explain_refused(path: Path) -> str:
    # What libav answers to a format outside the white list; text is often such a playlist.
    reason = describe(path)
    return reason if "text" in reason else "not a video, but a picture, playlist or other format"


def _refuse_unreadable(path: Path) -> None:
    if not path.is_file():
        raise DecodeError("there is no such file" if not path.exists() else "not a regular file")
    if path.stat().st_size == 0:
        raise DecodeError("the file is empty (0 bytes)")


def _refuse_cut_short(path: Path, container: InputContainer) -> None:
    # libav opens an MP4 file whose pictures end in mid-air, as long as the index is there.
    problem = describe_boxes(read_boxes(path)) if "mp4" in container.format.name else None
    if problem:
        raise DecodeError(problem.reason)


def _video_stream(container: InputContainer) -> VideoStream:
    # Cover art of a song is a "video" stream of one picture; it does not count.
    pictures = [s for s in container.streams.video if not _is_cover_art(s)]
    if not pictures:
        audio = len(container.streams.audio) > 0
        raise DecodeError("no video stream, only audio" if audio else "no video stream in it")
    stream = pictures[0]
    context = stream.codec_context
    if context is None:
        raise DecodeError("there is no decoder for its codec")
    if context.width < 1 or context.height < 1:
        raise DecodeError("the video stream has no picture size: its header is damaged")
    if context.width * context.height > MAX_PIXELS:
        raise DecodeError(f"{context.width}x{context.height} pixels are more than can be decoded")
    # Threaded containers that die in a reference cycle can deadlock a forked process.
    stream.thread_type = "NONE"
    context.thread_count = 1
    context.options = dict(_DECODER_OPTIONS)
    return stream


def _is_cover_art(stream: VideoStream) -> bool:
    return bool(stream.disposition & av.stream.Disposition.attached_pic)
