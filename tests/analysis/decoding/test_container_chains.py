"""Bytes that a file lost or got: the chain of its parts, or its index, tells."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest

from insight_dagster.analysis.decoding import decode_window, probe
from insight_dagster.analysis.decoding.container_chains import check_chain
from insight_dagster.analysis.decoding.packet_damage import damaged
from insight_dagster.errors import DecodeError
from tests.support.video_corpus import Recipe, write_video

NAMES = [
    "mpeg4_b_frames.avi",
    "mjpeg.avi",
    "h264_b_frames.avi",
    "h264.flv",
    "wmv2.wmv",
    "sound.wmv",
]
TS = "h264_late.ts"
FORMATS = {".avi": "avi", ".flv": "flv", ".wmv": "asf"}


@pytest.fixture(scope="module")
def videos(corpus, tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("wmv")
    added = [
        Recipe("wmv2.wmv", codec="wmv2", options={"b": "600k"}),
        Recipe("sound.wmv", codec="wmv2", options={"b": "600k"}, audio=True),
    ]
    return corpus | {recipe.name: write_video(folder, recipe) for recipe in added}


@pytest.mark.parametrize("name", NAMES)
def test_whole_files_are_whole(name, videos):
    check_chain(videos[name], FORMATS[videos[name].suffix], 1 << 40)
    assert probe(videos[name]).frames == 40


@pytest.mark.parametrize("change", [-700, -188, -1, 1, 40, 1000])
@pytest.mark.parametrize("name", NAMES)
def test_lost_and_added_bytes_are_refused(name, change, videos, tmp_path):
    data = videos[name].read_bytes()
    for share in (0.6, 0.85):
        at = int(len(data) * share)
        added = np.random.default_rng(at).bytes(max(change, 0))
        path = tmp_path / name
        path.write_bytes(data[:at] + added + data[at + max(-change, 0) :])
        with pytest.raises(DecodeError, match="damaged|cut short"):
            decode_window(path, start=0, seconds=9, num_frames=40)


@pytest.mark.parametrize("name", ["mpeg4_b_frames.avi", "mjpeg.avi"])
def test_padding_behind_an_avi_file_is_no_damage(name, videos, tmp_path):
    (tmp_path / name).write_bytes(videos[name].read_bytes() + bytes(5000))
    assert probe(tmp_path / name).frames == 40


def test_tags_whose_sizes_were_never_right_are_not_checked(videos, tmp_path):
    data = bytearray(videos["h264.flv"].read_bytes())
    position = 13
    while position < len(data):
        size = 11 + int.from_bytes(data[position + 1 : position + 4])
        data[position + size : position + size + 4] = (size - 11).to_bytes(4)
        position += size + 4
    (tmp_path / "other.flv").write_bytes(bytes(data))
    assert probe(tmp_path / "other.flv").frames == 40


def test_zeros_inside_a_unit_are_damage_and_between_units_are_not():
    context = SimpleNamespace(profile="High")
    stream = SimpleNamespace(codec_context=context)
    video = SimpleNamespace(format_name="mpegts", codec_name="h264", stream=stream)
    unit = b"\x00\x00\x00\x01" + b"\x65" * 40
    for whole in (unit + bytes(30), unit + bytes(30) + unit, unit):
        assert not damaged(av.Packet(whole), video, ())
    for zeroed in (
        unit + bytes(30) + b"\x65" * 9,
        unit + bytes(16) + b"\x02",
        unit + bytes(99) + b"\x03\x00",
    ):
        assert damaged(av.Packet(zeroed), video, ())


def test_mpeg_ts_is_checked_from_its_first_whole_packet(videos, tmp_path):
    data = videos[TS].read_bytes()
    path = tmp_path / TS
    for whole in (data, data[100:], data + data[:50]):
        path.write_bytes(whole)
        check_chain(path, "mpegts", 1 << 40, 256)
    middle = len(data) // 188 // 2 * 188 + 90
    for broken in (data[:middle] + data[middle + 1 :], data[:middle] + b"?" + data[middle:]):
        path.write_bytes(broken)
        with pytest.raises(DecodeError, match="bytes are lost or added"):
            decode_window(path, start=0, seconds=9, num_frames=40)


def test_a_frame_without_its_start_code_is_damage_in_mpeg_ts(videos, tmp_path):
    data = bytearray(videos[TS].read_bytes())
    data[data.rfind(b"\x00\x00\x01\xe0") + 2] = 0
    (tmp_path / TS).write_bytes(bytes(data))
    with pytest.raises(DecodeError, match="bytes are lost or added"):
        probe(tmp_path / TS)
