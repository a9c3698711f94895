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
from tests.support.video_corpus import H264, Recipe, numbers, write_video

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


PIPED = [
    Recipe("h264.avi", options=H264, piped=True),
    Recipe("mjpeg.avi", codec="mjpeg", pixels="yuvj420p", audio=True, piped=True),
    Recipe("wmv2.wmv", codec="wmv2", options={"b": "600k"}, piped=True),
    Recipe("sound.wmv", codec="wmv2", options={"b": "600k"}, audio=True, piped=True),
    Recipe("h264.flv", options=H264, piped=True),
    Recipe("h264.ts", options=H264, piped=True),
    Recipe("h264.mkv", options=H264, piped=True),
    Recipe("live.mkv", options=H264, container={"live": "1"}, piped=True),
    Recipe("vp8.webm", codec="libvpx", options={"b": "400k", "deadline": "realtime"}, piped=True),
]


@pytest.mark.parametrize("recipe", PIPED, ids=lambda recipe: recipe.name)
def test_files_written_to_a_pipe_are_whole(recipe, tmp_path):
    path = write_video(tmp_path, recipe)
    facts = probe(path)
    assert (facts.frames, facts.fps) == (40, 30)
    assert facts.duration_seconds == pytest.approx(40 / 30, abs=0.05)
    window = decode_window(path, start=0, seconds=9, num_frames=40)
    assert numbers(window.frames) == list(range(40))


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


@pytest.mark.parametrize("behind", [bytes(10), bytes(5000), b"\xff" * 188, None])
@pytest.mark.parametrize("name", [*NAMES, TS, "h264.mp4", "h264_60fps.mkv", "vp8.webm"])
def test_what_stands_behind_a_whole_file_is_no_damage(name, behind, videos, tmp_path):
    behind = np.random.default_rng(1).bytes(5000) if behind is None else behind
    (tmp_path / name).write_bytes(videos[name].read_bytes() + behind)
    assert probe(tmp_path / name).frames == 40
    assert len(decode_window(tmp_path / name, start=0, seconds=9, num_frames=40).frames) == 40


@pytest.mark.parametrize("name", ["wmv2.wmv", "sound.wmv"])
def test_objects_that_others_added_to_an_asf_file_are_no_damage(name, videos, tmp_path):
    data = videos[name].read_bytes()
    index = data.find(bytes.fromhex("90080033b1e5cf1189f400a0c90349cb"))
    added = bytes(range(16)) + (24 + 3000).to_bytes(8, "little") + b"x" * 3000
    between = data[:index] + added + data[index:]
    for whole in (data + added, data + 2 * added, between, data[:index]):
        (tmp_path / name).write_bytes(whole)
        assert probe(tmp_path / name).frames == 40


def test_a_chunk_with_tags_in_an_avi_file_is_no_damage(videos, tmp_path):
    data = videos["mjpeg.avi"].read_bytes()
    tags = b"_PMX" + (1000).to_bytes(4, "little") + b"<x:xmpmeta>" + b" " * 989
    riff = int.from_bytes(data[4:8], "little") + len(tags)
    (tmp_path / "tags.avi").write_bytes(data[:4] + riff.to_bytes(4, "little") + data[8:] + tags)
    assert probe(tmp_path / "tags.avi").frames == 40


@pytest.mark.parametrize("number", [0, 1, 39])
def test_a_frame_that_is_not_where_the_index_has_it_is_damage(number, videos, tmp_path):
    data = bytearray(videos["mjpeg.avi"].read_bytes())
    data[data.find(b"idx1") + 8 + 16 * number + 12] ^= 1
    (tmp_path / "moved.avi").write_bytes(bytes(data))
    with pytest.raises(DecodeError, match="1 frames are not where the index has them"):
        probe(tmp_path / "moved.avi")


def test_frames_that_depend_on_ones_that_were_cut_off_are_not_missing(videos, tmp_path):
    path = tmp_path / "cut.avi"
    with av.open(str(videos["mpeg4_b_frames.avi"])) as given, av.open(str(path), "w") as made:
        stream = made.add_stream_from_template(given.streams.video[0])
        packets = [packet for packet in given.demux(given.streams.video[0]) if packet.size]
        first = [number for number, packet in enumerate(packets) if packet.is_keyframe][1]
        assert packets[first + 1].pts < packets[first].pts
        for packet in packets[first:]:
            packet.pts, packet.dts, packet.stream = None, packet.dts - packets[first].dts, stream
            made.mux(packet)
    assert probe(path).frames == 40 - first - 2
    assert len(decode_window(path, start=0, seconds=9, num_frames=8).frames) == 8


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


@pytest.mark.parametrize("lost", [1, 100, 188 * 3 + 7])
def test_bytes_lost_in_the_last_frame_of_mpeg_ts_are_damage(lost, tmp_path):
    lossless = {"g": "1", "crf": "0", "preset": "ultrafast"}
    recipe = Recipe("last.ts", frames=10, options=lossless, width=640, height=480)
    path = write_video(tmp_path, recipe)
    data = path.read_bytes()
    last = data.rfind(b"\x00\x00\x01\xe0") // 188 * 188
    at = last + 400
    assert len(data) > at + lost + 188 * 5
    path.write_bytes(data[:at] + data[at + lost :] + bytes(1000))
    with pytest.raises(DecodeError, match="bytes are lost or added"):
        check_chain(path, "mpegts", last, 256, at_end=True)
    with pytest.raises(DecodeError, match="damaged"):
        probe(path)


def test_a_frame_without_its_start_code_is_damage_in_mpeg_ts(videos, tmp_path):
    data = bytearray(videos[TS].read_bytes())
    data[data.rfind(b"\x00\x00\x01\xe0") + 2] = 0
    (tmp_path / TS).write_bytes(bytes(data))
    with pytest.raises(DecodeError, match="bytes are lost or added"):
        probe(tmp_path / TS)
