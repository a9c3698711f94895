"""Decoding in separate processes: the same frames, and a bad clip costs only itself."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

import av
import numpy as np
import pytest

from insight_dagster.analysis.decoding import DecodingProcesses, Limits, decode_window, probe
from insight_dagster.errors import DecodeError, Fault
from insight_dagster.files.processes.child import Child
from tests.support.video_corpus import CORPUS, write_video

WINDOW = {"start": 0.0, "seconds": 1.0, "num_frames": 8}


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("videos")
    return write_video(folder, next(recipe for recipe in CORPUS if recipe.name == "h264.mp4"))


@pytest.fixture
def processes():
    made = DecodingProcesses(Limits(seconds=2.0, memory_mib=512))
    yield made
    made.close()


def running(processes: DecodingProcesses) -> list[int]:
    return [process._child.pid for process in processes._idle]


def stopped(processes: DecodingProcesses, video: Path) -> int:
    """Stop a process, which then answers nothing, like a decoder in an endless loop."""
    processes.probe(video)
    (child,) = running(processes)
    os.kill(child, signal.SIGSTOP)
    return child


def test_frames_and_facts_are_those_of_this_process(processes, video):
    assert processes.probe(video) == probe(video)
    for window in (WINDOW, {"start": 0.5, "seconds": 0.3, "num_frames": 4, "end": 0.7}):
        ours, theirs = decode_window(video, **window), processes.decode_window(video, **window)
        assert np.array_equal(ours.frames, theirs.frames)
        assert np.array_equal(ours.timestamps, theirs.timestamps)
        assert (ours.source_frames, ours.short) == (theirs.source_frames, theirs.short)
    assert len(running(processes)) == 1, "one process serves one call after another"


def test_reasons_come_across(processes, tmp_path, video):
    (tmp_path / "text.mp4").write_text("no video")
    for path in (tmp_path / "text.mp4", tmp_path / "gone.mp4"):
        with pytest.raises(DecodeError) as ours:
            decode_window(path, **WINDOW)
        with pytest.raises(DecodeError) as theirs:
            processes.decode_window(path, **WINDOW)
        assert str(ours.value) == str(theirs.value)
        assert ours.value.fault is theirs.value.fault
    odd = tmp_path / os.fsdecode(b'\xff "\xe2\x80\xae.mp4')
    odd.write_bytes(video.read_bytes())
    assert processes.probe(odd) == probe(video)


def test_a_hang_costs_its_clip_and_its_time(processes, video):
    child = stopped(processes, video)
    started = time.monotonic()
    with pytest.raises(DecodeError, match="takes longer than 2 s") as problem:
        processes.decode_window(video, **WINDOW)
    assert problem.value.fault is Fault.MOMENT
    assert 1.9 < time.monotonic() - started < 10
    assert not Path(f"/proc/{child}").exists(), "the process that hung is gone"
    assert processes.probe(video).frames > 0


@pytest.mark.parametrize("died", [signal.SIGKILL, signal.SIGSEGV])
def test_a_crash_costs_its_clip(video, died):
    processes = DecodingProcesses(Limits(seconds=30.0))
    child = stopped(processes, video)
    threading.Timer(0.5, lambda: (os.kill(child, died), os.kill(child, signal.SIGCONT))).start()
    with pytest.raises(DecodeError, match=f"the decoder crashed .signal {died.value}") as problem:
        processes.decode_window(video, **WINDOW)
    assert problem.value.fault is Fault.MOMENT
    assert processes.probe(video).frames > 0
    processes.close()


def test_a_process_that_was_killed_while_it_had_nothing_to_do_costs_no_clip(processes, video):
    whole = processes.probe(video)
    (pid,) = running(processes)
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert processes.probe(video) == whole
    assert running(processes) != [pid]


def test_a_memory_bomb_costs_its_clip(processes, tmp_path, video):
    bomb = tmp_path / "bomb.mp4"
    with av.open(str(bomb), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 7680, 4320, "yuv420p"
        for _ in range(8):
            container.mux(stream.encode(av.VideoFrame(7680, 4320, "yuv420p")))
        container.mux(stream.encode(None))
    assert bomb.stat().st_size < 10_000_000
    with pytest.raises(DecodeError, match="needs more than 512 MiB of memory") as problem:
        processes.decode_window(bomb, **WINDOW)
    assert problem.value.fault is Fault.MOMENT
    assert processes.probe(video).frames > 0
    roomy = DecodingProcesses(Limits(memory_mib=4096))
    assert roomy.decode_window(bomb, **WINDOW).frames.shape == (8, 4320, 7680, 3)
    roomy.close()


@pytest.mark.parametrize("spare_kib", [0, 100, 1000, 8000])  # libav notices at another place
def test_memory_that_earlier_clips_left_behind_costs_no_clip(processes, video, spare_kib):
    processes.probe(video)
    (child,) = running(processes)
    lines = Path(f"/proc/{child}/status").read_text().splitlines()
    full = 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmData"))
    full += 1024 * spare_kib
    resource.prlimit(child, resource.RLIMIT_DATA, (full, full))
    assert processes.decode_window(video, start=0.0, seconds=1.0, num_frames=8).source_frames > 0
    assert child not in running(processes)


def test_threads_decode_side_by_side(video):
    processes = DecodingProcesses(Limits())
    with ThreadPoolExecutor(4) as pool:
        windows = list(pool.map(lambda _: processes.decode_window(video, **WINDOW), range(12)))
    assert all(np.array_equal(windows[0].frames, window.frames) for window in windows)
    assert 1 <= len(running(processes)) <= 4
    pids = running(processes)
    processes.close()
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


@pytest.mark.parametrize("hung", [False, True])
def test_the_processes_do_not_outlive_a_killed_parent(video, hung):
    code = (
        "import sys, time; from pathlib import Path\n"
        "from insight_dagster.analysis.decoding import DecodingProcesses, Limits\n"
        "processes = DecodingProcesses(Limits()); processes.probe(Path(sys.argv[1]))\n"
        "print(processes._idle[0]._child.pid, flush=True); time.sleep(60)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code, str(video)], stdout=subprocess.PIPE, text=True
    )
    child = int(parent.stdout.readline())
    if hung:
        os.kill(child, signal.SIGSTOP)
    parent.kill()
    parent.wait()
    if hung:
        # A signal that is pending for a stopped process is delivered when it continues.
        os.kill(child, signal.SIGCONT)
    deadline = time.monotonic() + 5
    while _runs(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _runs(child)


def _runs(process: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def test_secrets_of_the_environment_do_not_reach_them(processes, monkeypatch, video):
    monkeypatch.setenv("SOME_TOKEN", "secret")
    processes.probe(video)
    (child,) = running(processes)
    assert b"secret" not in Path(f"/proc/{child}/environ").read_bytes()


@pytest.mark.parametrize("shape", [[16, 2000, 2000, 3], [4, 4], []])
def test_frames_that_a_process_only_claims_are_refused(processes, monkeypatch, video, shape):
    def lie(answer):
        return {"result": {**understood(answer)["result"], "shape": shape}}

    understood = json.loads
    monkeypatch.setattr(json, "loads", lie)
    with pytest.raises(DecodeError, match="answer is damaged"):
        processes.decode_window(video, start=0.0, seconds=0.5, num_frames=4)


SENSELESS = [
    *(b"", b"\xff", b"[]", b"3", b"{}", b"[" * 100_000, b'{"result": {}}', b'{"result": [1]}'),
    *(b'{"decode_error": ["x"]}', b'{"decode_error": ["x", "nobody"]}', b'{"os_error": 5}'),
    *(b'{"result": {"shape": "four"}}', b'{"result": {"shape": [-1, 1, 1, 3]}}'),
    b'{"result": {"shape": [0, 0, 0, 3], "timestamps": {}, "source_frames": 1, "short": false}}',
    b'{"result": {"shape": [0, 0, 0, 3], "timestamps": [1], "source_frames": 1e999, "short": 1}}',
]


@pytest.mark.parametrize("answer", SENSELESS, ids=range(len(SENSELESS)))
def test_answers_without_sense_are_refused(processes, monkeypatch, video, answer):
    monkeypatch.setattr(Child, "ask", lambda *_, **__: answer)
    for call in (lambda: processes.probe(video), lambda: processes.decode_window(video, **WINDOW)):
        with pytest.raises(DecodeError, match="answer is damaged"):
            call()


@pytest.mark.parametrize(
    ("name", "value"), [("width", "192"), ("has_audio", 1), ("fps", None), ("rotation", 45)]
)
def test_facts_of_another_type_are_refused(processes, monkeypatch, video, name, value):
    answer = {"result": {**asdict(probe(video)), name: value}}
    monkeypatch.setattr(Child, "ask", lambda *_, **__: json.dumps(answer).encode())
    with pytest.raises(DecodeError, match="answer is damaged"):
        processes.probe(video)


def test_a_process_that_cannot_be_started_leaves_nothing_open(processes, monkeypatch, video):
    monkeypatch.setattr(sys, "executable", "/no/such/program")
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(FileNotFoundError):
        processes.probe(video)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.mark.parametrize("limits", [{"seconds": 0.0}, {"memory_mib": 10}])
def test_limits_that_no_clip_keeps_are_refused(limits):
    with pytest.raises(ValueError, match="limits need"):
        Limits(**limits)
