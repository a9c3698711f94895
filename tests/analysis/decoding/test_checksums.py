"""The checksums of Matroska files: no damage passes where there are some."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from insight_dagster.analysis.decoding import decode_window, probe
from insight_dagster.analysis.decoding.matroska_checksums import check_parts
from insight_dagster.errors import DecodeError
from tests.support.video_corpus import H264, Recipe, corrupt, write_video

VP8 = {"b": "400k", "deadline": "realtime"}
HEVC = {"preset": "ultrafast", "x265-params": "log-level=none:pools=1"}
RECIPES = [
    Recipe("vp8.mkv", codec="libvpx", options=VP8),
    Recipe("hevc.mkv", codec="libx265", options=HEVC),
]
EVERYTHING = (0, 1 << 40)


@pytest.fixture(scope="module", params=RECIPES, ids=lambda recipe: recipe.name)
def video(request, tmp_path_factory) -> Path:
    return write_video(tmp_path_factory.mktemp("checksums"), request.param)


def test_no_random_damage_to_checked_frames_passes(video, tmp_path):
    clean = decode_window(video, start=0, seconds=9, num_frames=40).frames
    passed = 0
    for seed in range(60):
        path = corrupt(video, tmp_path / video.name, seed)
        try:
            frames = decode_window(path, start=0, seconds=9, num_frames=40).frames
        except DecodeError:
            continue
        passed += 1
        np.testing.assert_array_equal(frames, clean, err_msg=f"seed {seed}")
    assert passed < 20


def test_a_flipped_bit_of_a_frame_is_found_by_both_readers(video, tmp_path):
    data = bytearray(video.read_bytes())
    data[len(data) // 2] ^= 4
    (tmp_path / video.name).write_bytes(bytes(data))
    for read in (probe, lambda path: decode_window(path, start=0.5, seconds=9, num_frames=4)):
        with pytest.raises(DecodeError, match=r"bytes \d+ to \d+ disagree with their checksum"):
            read(tmp_path / video.name)


def test_files_without_checksums_are_marked(corpus, video):
    assert not probe(video).undetectable_damage
    marked = {name for name, path in corpus.items() if probe(path).undetectable_damage}
    assert marked >= {"vp8.webm", "vp9.webm", "hevc.mp4"}
    assert "av1.mp4" not in marked and "h264_60fps.mkv" not in marked


def test_parts_outside_the_window_are_not_read(tmp_path):
    recipe = Recipe("long.mkv", options=H264, frames=400, container={"cluster_time_limit": "2000"})
    path = write_video(tmp_path, recipe)
    data = bytearray(path.read_bytes())
    data[-len(data) // 8] ^= 1
    path.write_bytes(bytes(data))
    assert len(decode_window(path, start=0, seconds=1, num_frames=4).frames) == 4
    assert check_parts(path, 0, 1000)
    with pytest.raises(DecodeError, match="checksum"):
        check_parts(path, *EVERYTHING)


def test_a_part_that_lost_its_checksum_is_damage(tmp_path):
    recipe = Recipe("long.mkv", options=H264, frames=400, container={"cluster_time_limit": "2000"})
    path = write_video(tmp_path, recipe)
    data = bytearray(path.read_bytes())
    second = data.find(b"\x1f\x43\xb6\x75", data.find(b"\x1f\x43\xb6\x75") + 4)
    data[data.find(b"\xbf\x84", second)] = 0xEC
    path.write_bytes(bytes(data))
    with pytest.raises(DecodeError, match=r"1 of \d+ parts lost their checksum"):
        check_parts(path, *EVERYTHING)


@pytest.mark.parametrize("where", [0, 1, -1])
def test_a_flipped_bit_of_an_identifier_is_damage(where, tmp_path):
    recipe = Recipe("long.mkv", options=H264, frames=80, container={"cluster_time_limit": "500"})
    path = write_video(tmp_path, recipe)
    data = path.read_bytes()
    clusters = [found.start() for found in re.finditer(b"\x1f\x43\xb6\x75", data)]
    assert len(clusters) > 3
    for bit in range(32):
        flipped = bytearray(data)
        flipped[clusters[where] + bit // 8] ^= 1 << bit % 8
        path.write_bytes(bytes(flipped))
        with pytest.raises(DecodeError):
            decode_window(path, start=0, seconds=9, num_frames=8)


@pytest.mark.parametrize(
    ("container", "behind"), [({"live": "1"}, b""), ({}, bytes(300)), ({}, b"0123456789")]
)
def test_only_parts_that_fill_the_file_prove_it(container, behind, tmp_path):
    path = write_video(tmp_path, Recipe("live.mkv", options=H264, container=container))
    path.write_bytes(path.read_bytes() + behind)
    assert not check_parts(path, *EVERYTHING)
    facts = probe(path)
    assert (facts.frames, facts.undetectable_damage) == (40, True)


@pytest.mark.parametrize("contents", [b"", b"\x00", b"\xff" * 40, b"\x18\x53\x80\x67\x01\xff"])
def test_what_is_no_matroska_has_no_checksums(contents, tmp_path):
    path = tmp_path / "odd.mkv"
    path.write_bytes(contents)
    assert not check_parts(path, *EVERYTHING)
