"""Damaged and incomplete files: the right frames or an error, never wrong frames."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest

from insight_dagster.analysis.decoding import (
    DecodingProcesses,
    Limits,
    decode_window,
    probe,
)
from insight_dagster.analysis.decoding.packet_damage import damaged
from insight_dagster.errors import DecodeError
from tests.support import video_corpus
from tests.support.video_corpus import H264, bar_code, numbers


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9])
@pytest.mark.parametrize(
    "name",
    [
        *("h264.mp4", "h264_faststart.mp4", "h264_fragments.mp4", "h264_60fps.mkv"),
        *("h264.flv", "vp9.webm", "mpeg4_b_frames.avi", "av1.mp4"),
    ],
)
def test_a_file_cut_short_is_an_error(
    name: str, share: float, corpus: dict[str, Path], tmp_path: Path
) -> None:
    path = video_corpus.truncate(corpus[name], tmp_path / name, share)
    for read in (probe, lambda p: decode_window(p, start=0, seconds=9, num_frames=16)):
        with pytest.raises(DecodeError, match="cut short"):
            read(path)


def test_a_cut_file_is_an_error_behind_a_seek_too(corpus: dict[str, Path], tmp_path: Path) -> None:
    for name in ("h264_faststart.mp4", "h264_60fps.mkv"):
        path = video_corpus.truncate(corpus[name], tmp_path / name, 0.8)
        with pytest.raises(DecodeError, match="cut short"):
            decode_window(path, start=0.2, seconds=3, num_frames=4)


@pytest.mark.parametrize("name", ["h264.mp4", "h264_60fps.mkv", "mpeg4_b_frames.avi", "hevc.mp4"])
def test_heavy_damage_never_passes_silently(
    name: str, corpus: dict[str, Path], tmp_path: Path
) -> None:
    clean = decode_window(corpus[name], start=0, seconds=9, num_frames=40)
    noticed = 0
    for seed in range(8):
        path = video_corpus.flip_bits(corpus[name], tmp_path / name, count=40, seed=seed)
        try:
            window = decode_window(path, start=0, seconds=9, num_frames=40)
        except DecodeError as problem:
            noticed += 1
            assert ".c" not in str(problem)
            continue
        assert window.frames.shape == clean.frames.shape
        assert np.abs(window.frames.astype(int) - clean.frames).mean((1, 2, 3)).max() < 1
    assert noticed >= 6


def test_no_random_damage_changes_a_frame_silently(corpus: dict[str, Path], tmp_path: Path) -> None:
    """Each of 500 damaged copies of an H.264 file in MP4 gives the right frames or an error."""
    decode = DecodingProcesses(Limits(seconds=20, memory_mib=1024)).decode_window
    clean = decode(corpus["h264.mp4"], start=0, seconds=9, num_frames=16)
    outcomes = {"exact": 0, "refused": 0}
    for seed in range(500):
        path = video_corpus.corrupt(corpus["h264.mp4"], tmp_path / "damaged.mp4", seed)
        try:
            window = decode(path, start=0, seconds=9, num_frames=16)
        except DecodeError as problem:
            outcomes["refused"] += 1
            assert str(problem).isprintable() and ".c:" not in str(problem)
            assert "crashed" not in str(problem) and "takes longer" not in str(problem)
        else:
            assert np.array_equal(window.frames, clean.frames), f"seed {seed}"
            outcomes["exact"] += 1
    assert outcomes["exact"] > 5, outcomes


@pytest.mark.parametrize("start", [0.0, 0.2])
def test_what_was_refused_once_is_refused_again(
    start: float, corpus: dict[str, Path], tmp_path: Path
) -> None:
    """libav logs a repeated error only once by default, but every damaged file must be refused."""
    processes = DecodingProcesses(Limits(seconds=20, memory_mib=1024))
    logged = 0
    for seed in range(180):  # of a format without checksums and without redundancy in its frames
        path = video_corpus.corrupt(corpus["vp9.webm"], tmp_path / "damaged.webm", seed)
        reasons = [_reason(processes, path, start) for _ in range(3)]
        assert len(set(reasons)) == 1, f"seed {seed}"
        logged += "the decoder reports" in str(reasons[0])
    assert logged > 1


def _reason(processes: DecodingProcesses, path: Path, start: float) -> str | None:
    try:
        processes.decode_window(path, start=start, seconds=9, num_frames=4)
    except DecodeError as problem:
        return str(problem)
    return None


@pytest.mark.parametrize("gap_at", [20, 30, 38, 39])
@pytest.mark.parametrize("gap", [9, 30])
def test_a_gap_in_time_is_no_damage(gap_at: int, gap: int, tmp_path: Path) -> None:
    """B-frames beside a pause in a recording have unusual durations in MP4."""
    path = tmp_path / "gap.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30, options=H264)
        stream.width, stream.height, stream.pix_fmt = 192, 128, "yuv420p"
        for number in range(40):
            frame = av.VideoFrame.from_ndarray(bar_code(number, 192, 128), format="rgb24")
            frame = frame.reformat(format="yuv420p")
            frame.pts, frame.time_base = number + gap * (number >= gap_at), Fraction(1, 30)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert probe(path).frames == 40
    window = decode_window(path, start=0, seconds=9, num_frames=40)
    assert numbers(window.frames) == list(range(40))


def test_a_file_without_a_table_of_key_frames_is_read(
    corpus: dict[str, Path], tmp_path: Path
) -> None:
    path = tmp_path / "no_stss.mp4"
    path.write_bytes(corpus["h264.mp4"].read_bytes().replace(b"stss", b"free"))
    window = decode_window(path, start=0, seconds=9, num_frames=40)
    assert numbers(window.frames) == list(range(40))


@pytest.mark.parametrize(
    ("profile", "refused"), [("High", True), (None, True), ("High 4:2:2 Intra", False)]
)
def test_padded_units_are_damage_where_no_camera_pads_them(profile: str, refused: bool) -> None:
    # No available encoder writes intra-only profiles to MP4.
    codec = SimpleNamespace(profile=profile)
    video = SimpleNamespace(
        format_name="mov", codec_name="h264", stream=SimpleNamespace(codec_context=codec)
    )
    packet = av.Packet(b"\x01" * 20 + bytes(40))
    assert damaged(packet, video, ()) == refused
    assert not damaged(av.Packet(b"\x01" * 60), video, ())
