"""All eight orientations of a display matrix, and matrices that are none of them."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

import av
import numpy as np
import pytest
from av.bitstream import BitStreamFilterContext

from insight_dagster.analysis.decoding import decode_window, probe
from insight_dagster.analysis.decoding.orientation import Orientation, parse_matrix
from insight_dagster.errors import DecodeError
from tests.support.video_corpus import H264, Recipe, write_video

ONE = 1 << 16
# a, b, c, d of the matrix, the orientation, and how numpy makes a stored frame upright.
ORIENTATIONS = {
    "as stored": ((1, 0, 0, 1), Orientation(), lambda f: f),
    "mirrored": ((-1, 0, 0, 1), Orientation(0, True), np.fliplr),
    "upside down, mirrored": ((1, 0, 0, -1), Orientation(180, True), np.flipud),
    "half turn": ((-1, 0, 0, -1), Orientation(180), lambda f: f[::-1, ::-1]),
    "clockwise": ((0, 1, -1, 0), Orientation(90), lambda f: np.rot90(f, 3)),
    "counter-clockwise": ((0, -1, 1, 0), Orientation(270), np.rot90),
    "transposed": ((0, 1, 1, 0), Orientation(90, True), lambda f: f.swapaxes(0, 1)),
    "transposed across": (
        (0, -1, -1, 0), Orientation(270, True), lambda f: f[::-1, ::-1].swapaxes(0, 1)
    ),
}  # fmt: skip
NONE_OF_THEM = {
    "shear": (1, 0.5, 0, 1), "45 degrees": (0.707, 0.707, -0.707, 0.707),
    "1 degree": (1, 0.0175, -0.0175, 1), "no height": (1, 0, 0, 0), "no width": (0, 0, 1, 0),
    "both": (1, 1, 1, 1), "largest": (32767, 32767, -32768, -32768),
}  # fmt: skip


def with_matrix(source: Path, target: Path, matrix: tuple[float, ...]) -> Path:
    """Write a copy of an MP4 file with another display matrix in its first track header."""
    data, (a, b, c, d) = bytearray(source.read_bytes()), (round(ONE * part) for part in matrix)
    at = data.find(b"tkhd") + 44
    data[at : at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    target.write_bytes(bytes(data))
    return target


def remuxed(source: Path, target: Path, filters: str | None = None) -> Path:
    """Write the packets of a file into another container, through a bitstream filter if named."""
    with av.open(str(source)) as given, av.open(str(target), "w") as made:
        stream = given.streams.video[0]
        copy = made.add_stream_from_template(stream)
        passing = BitStreamFilterContext(filters, stream, copy) if filters else None
        for packet in given.demux(stream):
            if packet.dts is None:
                continue
            for each in passing.filter(packet) if passing else [packet]:
                each.stream = copy
                made.mux(each)
    return target


def first_frame(path: Path) -> np.ndarray:
    return decode_window(path, start=0, seconds=0.5, num_frames=2).frames[0]


def ffmpegs_first_frame(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-frames:v", "1", "-pix_fmt", "rgb24"]
    raw = subprocess.run([*command, "-f", "rawvideo", "-"], capture_output=True, check=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(shape)


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
@pytest.mark.parametrize("name", ORIENTATIONS)
def test_frames_come_out_as_players_show_them(name, suffix, corpus, tmp_path):
    matrix, orientation, by_numpy = ORIENTATIONS[name]
    path = with_matrix(corpus["h264.mp4"], tmp_path / "matrix.mp4", matrix)
    if suffix != ".mp4":
        path = remuxed(path, tmp_path / f"again{suffix}")
    frame = first_frame(path)
    np.testing.assert_array_equal(frame, by_numpy(first_frame(corpus["h264.mp4"])))
    facts = probe(path)
    assert (facts.rotation, facts.mirrored) == (orientation.rotation, orientation.mirrored)
    if shutil.which("ffmpeg"):
        np.testing.assert_array_equal(frame, ffmpegs_first_frame(path, frame.shape))


@pytest.fixture(scope="module")
def one_group(tmp_path_factory):
    """Return a file whose only key frame is the first."""
    recipe = Recipe("one_group.mp4", options=H264 | {"g": "99"}, frames=30)
    return write_video(tmp_path_factory.mktemp("group"), recipe)


@pytest.mark.parametrize("flip", ["", "horizontal", "vertical"])
@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_orientation_messages_in_the_stream_count(turn, flip, one_group, tmp_path):
    path = remuxed(one_group, tmp_path / "message.mp4", message(turn, flip))
    window = decode_window(path, start=0, seconds=1, num_frames=30)
    facts = probe(path)
    orientation = Orientation(facts.rotation, facts.mirrored)
    stored = decode_window(one_group, start=0, seconds=1, num_frames=30).frames
    np.testing.assert_array_equal(window.frames, [orientation.upright(each) for each in stored])
    if shutil.which("ffmpeg"):
        shape = window.frames[0].shape
        np.testing.assert_array_equal(window.frames[0], ffmpegs_first_frame(path, shape))


def test_an_orientation_that_ends_inside_the_window_is_refused(corpus, tmp_path):
    """A message lasts until the next key frame; only the first of these has one."""
    path = remuxed(corpus["h264.mp4"], tmp_path / "message.mp4", message(0, "horizontal"))
    mirrored = decode_window(path, start=0, seconds=0.39, num_frames=12).frames
    stored = decode_window(corpus["h264.mp4"], start=0, seconds=0.9, num_frames=27).frames
    np.testing.assert_array_equal(mirrored, stored[:12, :, ::-1])
    later = decode_window(path, start=12.5 / 30, seconds=0.3, num_frames=9).frames
    np.testing.assert_array_equal(later, stored[13:22])
    with pytest.raises(DecodeError, match="orientation of the frames changes inside the window"):
        decode_window(path, start=0, seconds=0.9, num_frames=27)


def message(turn: int, flip: str) -> str:
    asked = f"h264_metadata=display_orientation=insert:rotate={turn}"
    return asked + (f":flip={flip}" if flip else "")


@pytest.mark.parametrize("name", NONE_OF_THEM)
def test_other_matrices_are_refused_with_the_reason(name, corpus, tmp_path):
    path = with_matrix(corpus["h264.mp4"], tmp_path / "matrix.mp4", NONE_OF_THEM[name])
    for read in (probe, first_frame):
        with pytest.raises(DecodeError, match=r"display matrix .* neither a quarter turn nor"):
            read(path)


@pytest.mark.parametrize("matrix", [(2, 0, 0, 2), (1.3, 0, 0, 1), (0, 0, 0, 0), (1, 0.005, 0, 1)])
def test_scale_and_rounding_change_no_frame(matrix, corpus, tmp_path):
    path = with_matrix(corpus["h264.mp4"], tmp_path / "matrix.mp4", matrix)
    np.testing.assert_array_equal(first_frame(path), first_frame(corpus["h264.mp4"]))


def test_decord_reads_only_what_needs_no_turning(corpus, tmp_path):
    """It ignores mirroring, and turns in Matroska and in the stream."""
    for name, (matrix, *_) in ORIENTATIONS.items():
        path = with_matrix(corpus["h264.mp4"], tmp_path / "matrix.mp4", matrix)
        if name == "as stored":
            decode_window(path, start=0, seconds=1, num_frames=2, decoder="decord")
            continue
        assert probe(path).decoder_reason == "decord does not apply every orientation"
        with pytest.raises(DecodeError, match="decord does not apply every orientation"):
            decode_window(path, start=0, seconds=1, num_frames=2, decoder="decord")


def test_a_matrix_of_another_length_is_damage():
    with pytest.raises(DecodeError, match="has 8 bytes, not 36"):
        parse_matrix(bytes(8))
