"""The bytes that are decoded are those that were hashed, whatever happens to the name."""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from insight_dagster.analysis.decoding import (
    DecodingProcesses,
    Limits,
    content_key,
    decode_window,
    held_file,
    identify,
    probe,
)
from insight_dagster.analysis.decoding.held_file import FileHolder, HeldFile
from insight_dagster.errors import DecodeError, Fault
from tests.support.model_clips import write_clip

WINDOW = {"start": 0.0, "seconds": 1.0, "num_frames": 4}


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("videos")
    for number in range(2):
        write_clip(folder / f"{number}.mp4", seed=number, frames=40)
    return folder


@pytest.fixture
def video(videos: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(videos / "0.mp4", tmp_path / "clip.mp4"))


@pytest.fixture(scope="module")
def processes():
    with closing(DecodingProcesses(Limits())) as made:
        yield made


@pytest.fixture(params=["copied", "large"])
def size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "large":
        monkeypatch.setattr(held_file, "LARGEST_COPY", 100)
    return request.param


def key_of(path: Path) -> str:
    return content_key(hashlib.sha256(path.read_bytes()).hexdigest(), 0.0, None)


def swap(video: Path, other: Path) -> None:
    """Give the name to another file."""
    shutil.copy(other, video.with_suffix(".new"))
    video.with_suffix(".new").replace(video)


def overwrite(video: Path, other: Path) -> None:
    """Write other bytes into the same file, and restore its modification time."""
    before = video.stat()
    video.write_bytes(other.read_bytes())
    os.utime(video, ns=(before.st_atime_ns, before.st_mtime_ns))


def append(video: Path, other: Path) -> None:
    """Add an empty box, so that the video stays whole."""
    with video.open("ab") as file:
        file.write(b"\0\0\0\x08free")


def switch_link(video: Path, other: Path) -> None:
    video.unlink()
    video.symlink_to(other)


CHANGES = [swap, overwrite, append, switch_link]


@pytest.mark.parametrize("change", CHANGES, ids=lambda each: each.__name__)
def test_a_file_that_changed_since_it_was_listed_is_refused(processes, videos, video, change):
    key, file_hash = key_of(video), identify(video).sha256
    listed = processes.decode_window(video, **WINDOW, content_key=key)
    assert np.array_equal(listed.frames, decode_window(video, **WINDOW).frames)
    change(video, videos / "1.mp4")
    # What the process still holds is what was listed, under whatever name: it may be decoded.
    kept = processes.decode_window(video, **WINDOW, content_key=key)
    assert np.array_equal(listed.frames, kept.frames)
    processes.probe(videos / "1.mp4", file_hash=identify(videos / "1.mp4").sha256)
    for decode in (decode_window, processes.decode_window):
        with pytest.raises(DecodeError, match="contents changed") as problem:
            decode(video, **WINDOW, content_key=key)
        assert problem.value.fault is Fault.REPLACED
    with pytest.raises(DecodeError, match="contents changed"):
        probe(video, file_hash=file_hash)
    assert processes.decode_window(video, **WINDOW, content_key=key_of(video)).source_frames > 0


@pytest.mark.parametrize("change", CHANGES, ids=lambda each: each.__name__)
def test_a_file_that_changes_while_it_is_decoded_costs_no_wrong_frame(videos, video, size, change):
    file_hash = identify(video).sha256
    listed = decode_window(video, **WINDOW).frames
    with closing(FileHolder()) as files:
        try:
            with files.hold(video, lambda found: found == file_hash) as held:
                first = held.read_bytes()
                change(video, videos / "1.mp4")
                frames = decode_window(held, **WINDOW).frames
        except DecodeError as problem:
            assert size == "large"
            assert change in (overwrite, append)
            assert problem.fault is Fault.REPLACED
        else:
            assert hashlib.sha256(first).hexdigest() == file_hash
            assert np.array_equal(frames, listed)
            assert size == "copied" or change in (swap, switch_link)


def test_a_large_file_that_was_changed_is_not_taken_from_memory(videos, video, monkeypatch):
    monkeypatch.setattr(held_file, "LARGEST_COPY", 100)
    with closing(FileHolder()) as files:
        before = identify(video).sha256
        with files.hold(video, before.__eq__):
            pass
        overwrite(video, videos / "1.mp4")
        with pytest.raises(DecodeError, match="contents changed"), files.hold(video, before.__eq__):
            pass
        with files.hold(video, identify(video).sha256.__eq__) as held:
            assert held.read_bytes() == (videos / "1.mp4").read_bytes()


def test_the_windows_of_a_file_are_read_from_the_disk_once(video):
    file_hash = identify(video).sha256
    with closing(FileHolder()) as files:
        with files.hold(video, file_hash.__eq__) as held:
            first = held
        video.unlink()
        with files.hold(video, file_hash.__eq__) as held:
            assert held == first
        with pytest.raises(FileNotFoundError), files.hold(video, lambda _: False):
            pass


def test_what_is_no_regular_file_is_never_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zeros").symlink_to("/dev/zero")
    for name in ("pipe", "zeros", "."):
        for read in (identify, HeldFile):
            with pytest.raises(OSError, match="not a regular file"):
                read(tmp_path / name)


def test_a_file_that_grows_all_the_time_is_not_read_for_ever(video):
    ended = threading.Event()

    def grow() -> None:
        with video.open("ab", buffering=0) as file:
            while not ended.is_set():
                file.write(bytes(1 << 16))

    size = video.stat().st_size
    writer = threading.Thread(target=grow)
    writer.start()
    try:
        while video.stat().st_size == size:
            pass
        assert identify(video).size_bytes > size
        with pytest.raises(DecodeError, match="contents changed"):
            for _ in range(100):
                HeldFile(video).close()
    finally:
        ended.set()
        writer.join()


def test_holding_leaves_no_descriptor_open(video, size):
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        with closing(FileHolder()) as files, files.hold(video, lambda _: True):
            pass
        with (
            pytest.raises(DecodeError),
            closing(FileHolder()) as files,
            files.hold(video, lambda _: False),
        ):
            pass
    assert len(list(Path("/proc/self/fd").iterdir())) == before
