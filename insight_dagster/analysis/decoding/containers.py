"""Opening of untrusted video files: the allowed formats, and plain reasons for refusing a file.

What libav may read and the translation of its errors belong here; reading packets (`packet_table`)
and decoding frames (`pyav_frames`, `decord_frames`) do not.
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

from insight_dagster.analysis.decoding.file_headers import (
    explain_unrecognised,
    find_missing_boxes,
    read_boxes,
)
from insight_dagster.errors import DecodeError, Fault, Unreadable

# Playlists and manifests (hls, dash, concat) are left out on purpose: they refer to other files and
# addresses, which a clip must not make this machine read. Audio formats are included so that the
# reason for refusing an audio file can say that it is one.
_FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,live_flv,asf,ogg,gif,"
    "h264,hevc,m4v,ivf,nut,mxf,rm,dv,swf,3gp,"
    "mp3,wav,flac,aac,ac3,aiff,amr,caf,w64"
)
_OPEN_OPTIONS = {"protocol_whitelist": "file", "format_whitelist": _FORMATS}

# Makes a damaged packet an error: by default libav conceals the damage and returns the frame.
_DECODER_OPTIONS = {"err_detect": "crccheck+bitstream+buffer+explode"}

_REASONS = {
    av.error.EOFError: "the file ends before its first frame",
    av.error.DecoderNotFoundError: "there is no decoder for its codec",
    av.error.PatchWelcomeError: "its codec uses a feature that the decoder does not support",
}

MAX_PIXELS = 8192 * 4352

# Broadcasts start anywhere, and libav logs errors about what comes before the first key frame.
_START_ANYWHERE = frozenset({"mpegts", "mpeg"})
_LONGEST_QUOTE = 100


@dataclass(frozen=True)
class OpenVideo:
    """An open file and its first video stream; valid only inside `open_video`."""

    path: Path
    container: InputContainer
    stream: VideoStream

    @property
    def format_name(self) -> str:
        """The first of libav's names for the container format, such as `mov` or `matroska`."""
        return self.container.format.name.split(",")[0]

    @property
    def codec_name(self) -> str:
        """The codec's canonical name, such as `av1`, whichever library decodes it."""
        return self.stream.codec_context.codec.canonical_name

    @property
    def start_pts(self) -> int:
        """The presentation timestamp that counts as second 0."""
        return self.stream.start_time or 0

    @property
    def time_base(self) -> Fraction:
        """The length of one timestamp unit in seconds."""
        return self.stream.time_base or Fraction(1, 1000)

    @property
    def fps(self) -> float:
        """The average frame rate in 1/s: libav's guess if the container has none, 0 if unknown."""
        stream = self.stream
        return float(stream.average_rate or stream.guessed_rate or stream.base_rate or 0)


@contextmanager
def open_video(path: Path) -> Iterator[OpenVideo]:
    """Open a video file on the calling thread, and close it when the block ends.

    Raises:
        DecodeError: the file does not exist or cannot be decoded, or libav reported an error while
            it was open. Errors that libav only logs count too: it skips the damaged part of a
            Matroska file, and makes up an HEVC frame whose reference is missing.
        MemoryError: there is no memory left for decoding.
    """
    _refuse_unreadable(path)
    try:
        # An absolute path starts with "/", so that libav takes no file name for a protocol.
        with (
            _logged_errors() as logged,
            av.open(
                str(path.absolute()), options=_OPEN_OPTIONS, metadata_errors="replace"
            ) as container,
        ):
            _refuse_cut_short(path, container)
            video = OpenVideo(path, container, _video_stream(container))
            yield video
        _refuse_logged_errors(video, logged)
    except MemoryError:  # av's own is also an FFmpegError, but does not mean a damaged file
        raise
    except av.error.BlockingIOError as problem:  # raised if there is no memory for a stack
        raise MemoryError(str(path)) from problem
    except (av.error.FFmpegError, UnicodeError) as problem:
        raise DecodeError(explain(problem, path), _fault(problem)) from problem


@contextmanager
def _logged_errors() -> Iterator[list[tuple[str, str]]]:
    """Yield a list that afterwards holds the errors libav logged on this thread: (source, text)."""
    found: list[tuple[str, str]] = []
    av.logging.set_level(av.logging.ERROR)
    # By default libav drops a message that repeats the last one, even if it is about another file.
    av.logging.set_skip_repeated(False)
    with av.logging.Capture(local=True) as captured:
        yield found
    found.extend((name, text) for level, name, text in captured if level <= av.logging.ERROR)


def _refuse_logged_errors(video: OpenVideo, logged: Sequence[tuple[str, str]]) -> None:
    if video.format_name in _START_ANYWHERE:
        return
    # Errors about sound, chapters and tags do not matter here. Of the demuxers only Matroska's
    # counts, because it continues behind a damaged part of the file.
    sources = {video.stream.codec_context.codec.name}
    if video.format_name == "matroska":
        sources.add(video.container.format.name)
    for source, message in logged:
        if source in sources:
            raise DecodeError(f"damaged: the decoder reports {_quoted(message)}")


def _quoted(message: str) -> str:
    """Return the printable part of a libav message, which may repeat bytes of the file."""
    kept = "".join(letter if letter.isprintable() else " " for letter in message)
    return f"'{' '.join(kept.split())[:_LONGEST_QUOTE]}'"


def explain(problem: Exception, path: Path) -> str:
    """Return one plain sentence for an error of libav, without its addresses and source lines."""
    if isinstance(problem, av.error.InvalidDataError):
        return explain_unrecognised(path)
    if isinstance(problem, av.error.ArgumentError):
        return _explain_refused(path)
    if isinstance(problem, PermissionError):
        return Unreadable.from_error(problem).reason
    if isinstance(problem, OSError) and problem.errno == errno.EIO:
        return "cut short inside its header, or not readable from the disk"
    return next(
        (reason for kind, reason in _REASONS.items() if isinstance(problem, kind)),
        f"it cannot be read or decoded ({type(problem).__name__})",
    )


def _fault(problem: Exception) -> Fault:
    """Return what is at fault: with another build of libav, a missing decoder may be there."""
    of_moment = (PermissionError, av.error.DecoderNotFoundError, av.error.PatchWelcomeError)
    return Fault.MOMENT if isinstance(problem, of_moment) else Fault.FILE


def _explain_refused(path: Path) -> str:
    # libav's answer to a format that is not allowed; text files are often such playlists.
    reason = explain_unrecognised(path)
    return reason if "text" in reason else "not a video, but an image, playlist or other format"


def _refuse_unreadable(path: Path) -> None:
    if not path.exists():
        raise DecodeError("there is no such file", Fault.MOMENT)
    if not path.is_file():
        raise DecodeError("not a regular file")
    if path.stat().st_size == 0:
        raise DecodeError("the file is empty (0 bytes)")


def _refuse_cut_short(path: Path, container: InputContainer) -> None:
    # libav opens an MP4 file whose frames are cut off, as long as its index is there.
    problem = find_missing_boxes(read_boxes(path)) if "mp4" in container.format.name else None
    if problem:
        raise DecodeError(problem.reason)


def _video_stream(container: InputContainer) -> VideoStream:
    # The cover art of a song is a "video" stream of one frame; it does not count.
    streams = [s for s in container.streams.video if not _is_cover_art(s)]
    if not streams:
        audio = len(container.streams.audio) > 0
        raise DecodeError("no video stream, only audio" if audio else "no video stream in it")
    stream = streams[0]
    context = stream.codec_context
    if context is None:
        raise DecodeError("there is no decoder for its codec", Fault.MOMENT)
    if context.width < 1 or context.height < 1:
        raise DecodeError("the video stream has no frame size: its header is damaged")
    if context.width * context.height > MAX_PIXELS:
        raise DecodeError(
            f"{context.width}x{context.height} pixels exceed the limit of {MAX_PIXELS}"
        )
    # A threaded container that is freed in a reference cycle can deadlock a forked process.
    stream.thread_type = "NONE"
    context.thread_count = 1
    context.options = dict(_DECODER_OPTIONS)
    return stream


def _is_cover_art(stream: VideoStream) -> bool:
    return bool(stream.disposition & av.stream.Disposition.attached_pic)
