"""Files that are not videos are refused with the reason."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from insight_dagster.analysis.decoding import (
    decode_window,
    probe,
)
from insight_dagster.errors import DecodeError
from tests.support import video_corpus
from tests.support.video_corpus import H264, Recipe, bar_code, write_video


def write_odd_files(folder: Path) -> dict[str, Path]:
    files = {
        "empty.mp4": b"",
        "text.mp4": "Tagebuch über Klettern\n".encode() * 40,
        "bytes.mp4": bytes(range(256)) * 20,
        "playlist.mp4": b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n/etc/passwd\n",
        "list.mp4": b"ffconcat version 1.0\nfile /etc/hostname\n",
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    video_corpus.write_audio(folder / "sound.mp4")
    return {name: folder / name for name in [*files, "sound.mp4", "absent.mp4", "."]}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("empty.mp4", "empty"),
        ("text.mp4", "text"),
        ("bytes.mp4", "not a video"),
        ("playlist.mp4", "not a video"),
        ("list.mp4", "not a video"),
        ("sound.mp4", "only audio"),
        ("absent.mp4", "no such file"),
        (".", "not a regular file"),
    ],
)
def test_what_is_no_video_is_refused(name: str, reason: str, tmp_path: Path) -> None:
    path = write_odd_files(tmp_path)[name]
    for read in (probe, lambda p: decode_window(p, start=0, seconds=1, num_frames=4)):
        with pytest.raises(DecodeError, match=reason) as caught:
            read(path)
        assert len(str(caught.value)) < 100


def test_a_still_image_is_no_video(tmp_path: Path) -> None:
    import cv2

    cv2.imwrite(str(tmp_path / "image.jpg"), bar_code(5, 192, 128))
    with pytest.raises(DecodeError, match="not a video"):
        probe(tmp_path / "image.jpg")


def test_a_name_that_looks_like_an_address_is_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_video(tmp_path, Recipe("clip.mp4", options=H264, frames=3))
    (tmp_path / "clip.mp4").rename(tmp_path / "concat:a|b.mp4")
    monkeypatch.chdir(tmp_path)
    assert probe(Path("concat:a|b.mp4")).frames == 3


@pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="no scheduling policies here")
def test_writing_the_corpus_keeps_the_priority_of_the_tests(corpus):
    assert corpus
    assert os.sched_getscheduler(0) == os.SCHED_OTHER
