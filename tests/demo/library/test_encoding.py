"""H.264 files have the requested properties, and damaged files cannot be decoded."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from insight_dagster.demo.library.encoding import write_damaged, write_video
from insight_dagster.errors import LibraryError


def _ramp(count: int, width: int, height: int) -> list[np.ndarray]:
    return [np.full((height, width, 3), 20 + 7 * i, np.uint8) for i in range(count)]


def _decode(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


@pytest.mark.parametrize(("fps", "size"), [(15, (340, 256)), (60, (256, 340))])
def test_video_has_the_requested_rate_size_and_frames(
    tmp_path: Path, fps: int, size: tuple[int, int]
) -> None:
    path = tmp_path / "a.mp4"
    write_video(path, _ramp(12, *size), fps=fps, size=size, crf=20)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert (stream.width, stream.height) == size
        assert stream.average_rate == fps
    frames = _decode(path)
    assert [round(float(f.mean())) for f in frames] == pytest.approx(list(range(20, 104, 7)), abs=3)


def test_same_frames_same_bytes(tmp_path: Path) -> None:
    paths = [tmp_path / "a.mp4", tmp_path / "b.mp4"]
    for path in paths:
        write_video(path, _ramp(6, 64, 64), fps=30, size=(64, 64), crf=24)
    assert paths[0].read_bytes() == paths[1].read_bytes()


@pytest.mark.parametrize("damage", ["truncated", "empty", "audio_only", "not_video"])
def test_damaged_files_have_no_decodable_picture(tmp_path: Path, damage: str) -> None:
    whole, broken = tmp_path / "a.mp4", tmp_path / "b.mp4"
    write_video(whole, _ramp(30, 64, 64), fps=30, size=(64, 64), crf=24)
    write_damaged(broken, damage, whole=whole.read_bytes())
    with pytest.raises((av.FFmpegError, IndexError)):
        _decode(broken)


def test_audio_only_is_audio(tmp_path: Path) -> None:
    write_damaged(tmp_path / "a.mp4", "audio_only")
    with av.open(str(tmp_path / "a.mp4")) as container:
        seconds = sum(f.samples for f in container.decode(audio=0)) / 44_100
        assert not container.streams.video
    assert seconds == pytest.approx(3, abs=0.1)


def test_unknown_damage_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="'soaked'"):
        write_damaged(tmp_path / "a.mp4", "soaked")
