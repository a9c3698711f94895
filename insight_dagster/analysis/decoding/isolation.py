"""Decoding in processes of its own, with limits: a crash, a hang or a memory bomb costs one clip.

Starting, watching and replacing the processes belongs here; what they run (`worker.py`) and
decoding itself (`window.py`) do not.
"""

from __future__ import annotations

import atexit
import json
import math
import os
import resource
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass
from functools import cache
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from insight_dagster.analysis.decoding.window import DecodedWindow, VideoFacts
from insight_dagster.errors import DecodeError

_LONGEST_ANSWER = 1 << 24
_STARTING_SECONDS = 60.0
# The memory of one clip's pictures serves the next; getting it anew would cost a fault a page.
_KEEP_MEMORY = ":".join(
    f"glibc.malloc.{threshold}={1 << 30}" for threshold in ("mmap_threshold", "trim_threshold")
)


@dataclass(frozen=True)
class Limits:
    """What one clip may cost.

    Attributes:
        seconds: wall-clock time.
        memory_mib: private memory of the process that decodes it.
    """

    seconds: float = 120.0
    memory_mib: int = 2048

    def __post_init__(self) -> None:
        """Refuse limits that no clip keeps."""
        if self.seconds <= 0 or self.memory_mib < 256:
            raise ValueError(f"limits need seconds > 0 and memory_mib >= 256, got {self}")


class DecodingProcesses:
    """`probe` and `decode_window`, each call in a process that is fit for nothing else.

    Calls from several threads run side by side, in as many processes as there are calls; these stay
    for later calls until `close`.

    Args:
        limits: of each call.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._idle: list[_Process] = []
        self._lock = threading.Lock()

    def probe(self, path: Path) -> VideoFacts:
        """As `window.probe`.

        Raises:
            DecodeError: as there, or the process crashed or met a limit.
            OSError: the system would not give the file.
        """
        return VideoFacts(**self._call({"operation": "probe", "path": str(path)})[0])

    def decode_window(
        self,
        path: Path,
        *,
        start: float,
        seconds: float,
        num_frames: int,
        end: float | None = None,
        decoder: str | None = None,
    ) -> DecodedWindow:
        """As `window.decode_window`.

        Raises:
            DecodeError: as there, or the process crashed or met a limit.
            OSError: the system would not give the file.
        """
        done, frames = self._call(
            {
                "operation": "window",
                "path": str(path),
                "start": start,
                "seconds": seconds,
                "num_frames": num_frames,
                "end": end,
                "decoder": decoder,
            }
        )
        return DecodedWindow(
            frames=frames,
            timestamps=np.array(done["timestamps"], np.float64),
            source_frames=int(done["source_frames"]),
            short=bool(done["short"]),
        )

    def close(self) -> None:
        """End the processes that are idle."""
        with self._lock:
            idle, self._idle = self._idle, []
        for process in idle:
            process.end()

    def _call(self, request: dict[str, Any]) -> tuple[dict[str, Any], np.ndarray]:
        with self._lock:
            process = self._idle.pop() if self._idle else None
        answer, frames, short = self._ask(process or _Process(self.limits), request)
        if process is not None and short:
            # What earlier clips left behind, which the process keeps, may have been in the way.
            answer, frames, _ = self._ask(_Process(self.limits), request)
        return _done(answer, self.limits), frames

    def _ask(
        self, process: _Process, request: dict[str, Any]
    ) -> tuple[dict[str, Any], np.ndarray, bool]:
        """What a process answers, and whether it may have been short of memory.

        It is kept for later calls, unless it is broken or was short.
        """
        try:
            answer, frames = process.ask(request)
            # libav calls a picture damaged for which it found no memory.
            short = "memory" in answer or ("decode_error" in answer and process.nearly_full())
        except BaseException:
            process.end()
            raise
        if short:
            process.end()
        else:
            with self._lock:
                self._idle.append(process)
        return answer, frames, short


class _Process:
    """One process, its pipe, and the memory in which it leaves pictures."""

    def __init__(self, limits: Limits) -> None:
        ours, theirs = socket.socketpair()
        self._limits = limits
        self._pictures = os.memfd_create("pictures")
        broken_when_we_end, self._lifeline = os.pipe()
        descriptors = (theirs.fileno(), self._pictures, broken_when_we_end)
        self._child = subprocess.Popen(  # noqa: S603 - this interpreter, our own module
            [sys.executable, "-m", "insight_dagster.analysis.decoding.worker"]
            + [str(each) for each in (*descriptors, limits.memory_mib << 20)],
            pass_fds=descriptors,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=_environment(),
        )
        theirs.close()
        os.close(broken_when_we_end)
        self._pipe = Connection(ours.detach())
        self._started = False

    def ask(self, request: dict[str, Any]) -> tuple[dict[str, Any], np.ndarray]:
        """Have a request answered; the pictures are ours afterwards.

        Raises:
            DecodeError: the process ended, or took too long.
        """
        seconds = self._limits.seconds + (0 if self._started else _STARTING_SECONDS)
        try:
            self._pipe.send_bytes(json.dumps(request).encode())
            if not self._pipe.poll(seconds):
                raise DecodeError(f"decoding takes longer than {self._limits.seconds:g} s")
            answer = json.loads(self._pipe.recv_bytes(_LONGEST_ANSWER))
        except (EOFError, ConnectionError) as problem:
            raise DecodeError(f"the decoder crashed ({self._death()})") from problem
        self._started = True
        return answer, self._frames(answer.get("done", {}).get("shape"))

    def nearly_full(self) -> bool:
        """Whether it holds more than half of the memory that it may take."""
        allowed, _ = resource.prlimit(self._child.pid, resource.RLIMIT_DATA)
        status = Path(f"/proc/{self._child.pid}/status").read_text()
        held = [line.split()[1] for line in status.splitlines() if line.startswith("VmData")]
        return 2 * 1024 * sum(map(int, held)) > allowed

    def end(self) -> None:
        """End the process, whatever it is doing."""
        self._child.kill()
        self._child.wait()
        self._pipe.close()
        os.close(self._pictures)
        os.close(self._lifeline)

    def _frames(self, shape: list[int] | None) -> np.ndarray:
        if shape is None:
            return np.empty((0, 0, 0, 3), np.uint8)
        # What a process that was taken over says is not believed.
        if len(shape) != 4 or math.prod(shape) > os.fstat(self._pictures).st_size:
            raise DecodeError(f"the decoder's answer is damaged: no pictures of shape {shape}")
        frames = np.empty(shape, np.uint8)
        pictures = frames.data.cast("B")
        read = 0
        # Read, not mapped: every page of a new mapping would cost a fault.
        while read < len(pictures):
            count = os.preadv(self._pictures, [pictures[read:]], read)
            if not count:
                raise DecodeError("the decoder's answer is damaged: pictures went away")
            read += count
        return frames

    def _death(self) -> str:
        self._child.kill()
        code = self._child.wait()
        return f"signal {-code}" if code < 0 else f"exit status {code}"


@cache
def decoding_processes(limits: Limits) -> DecodingProcesses:
    """The processes of this program for some limits; they end with it."""
    processes = DecodingProcesses(limits)
    atexit.register(processes.close)
    return processes


def _done(answer: dict[str, Any], limits: Limits) -> dict[str, Any]:
    """What was answered, or the error that it says."""
    if "decode_error" in answer:
        raise DecodeError(str(answer["decode_error"]))
    if "memory" in answer:
        raise DecodeError(f"decoding needs more than {limits.memory_mib} MiB of memory")
    if "os_error" in answer:
        code, text, name = answer["os_error"]
        raise OSError(code, text, name)
    done: dict[str, Any] = answer["done"]
    return done


def _environment() -> dict[str, str]:
    """This program's search path and nothing of its secrets."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return {
        **kept,
        "PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path),
        "OMP_NUM_THREADS": "1",
        "GLIBC_TUNABLES": _KEEP_MEMORY,
    }
