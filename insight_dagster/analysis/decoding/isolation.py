"""Decoding in separate processes with limits, so that a crash, hang or memory bomb costs one clip.

The pool of processes and what is asked of them belong here; a process of any kind
(`insight_dagster.files.processes`), the answers (`worker`) and decoding itself (`window`) do not.
"""

from __future__ import annotations

import atexit
import json
import math
import os
import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from insight_dagster.analysis.decoding.window import DecodedWindow, VideoFacts
from insight_dagster.errors import DecodeError, Fault
from insight_dagster.files.processes.child import Child

_LONGEST_ANSWER = 1 << 24
# What reading an answer raises that does not have the shape it should have.
_SENSELESS = (AttributeError, LookupError, OverflowError, RecursionError, TypeError, ValueError)
_WORKER = "insight_dagster.analysis.decoding.worker"
# Keeps the memory of one clip's frames for the next: allocating it again costs a fault per page.
_KEEP_MEMORY = ":".join(
    f"glibc.malloc.{threshold}={1 << 30}" for threshold in ("mmap_threshold", "trim_threshold")
)


@dataclass(frozen=True)
class Limits:
    """The limits on decoding one clip.

    Attributes:
        seconds: wall-clock time.
        memory_mib: private memory of the decoding process.
    """

    seconds: float = 120.0
    memory_mib: int = 2048

    def __post_init__(self) -> None:
        """Check that a clip can be decoded within the limits."""
        if self.seconds <= 0 or self.memory_mib < 256:
            raise ValueError(f"limits need seconds > 0 and memory_mib >= 256, got {self}")


class DecodingProcesses:
    """A pool of decoding processes: each call of `probe` or `decode_window` runs in one of them.

    Calls from several threads run in parallel, each in its own process. The processes are kept for
    later calls until `close`.

    Args:
        limits: limits on each call.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._idle: list[_Process] = []
        self._lock = threading.Lock()

    def probe(self, path: Path, *, file_hash: str | None = None) -> VideoFacts:
        """Return the properties of a video file, like `window.probe`.

        Raises:
            DecodeError: as in `window.probe`, or the process crashed or reached a limit.
            OSError: the system refused the file.
        """
        request = {"operation": "probe", "path": str(path), "file_hash": file_hash}
        result, _ = self._call(request)
        return _facts_of(result)

    def decode_window(
        self,
        path: Path,
        *,
        start: float,
        seconds: float,
        num_frames: int,
        end: float | None = None,
        decoder: str | None = None,
        content_key: str | None = None,
    ) -> DecodedWindow:
        """Decode the frames of a time window, like `window.decode_window`.

        Raises:
            DecodeError: as in `window.decode_window`, or the process crashed or reached a limit.
            OSError: the system refused the file.
        """
        result, frames = self._call(
            {
                "operation": "window",
                "path": str(path),
                "start": start,
                "seconds": seconds,
                "num_frames": num_frames,
                "end": end,
                "decoder": decoder,
                "content_key": content_key,
            }
        )
        with _refused_if_damaged():
            return DecodedWindow(
                frames=frames,
                timestamps=np.array(result["timestamps"], np.float64),
                source_frames=int(result["source_frames"]),
                short=bool(result["short"]),
            )

    def close(self) -> None:
        """End the idle processes."""
        with self._lock:
            idle, self._idle = self._idle, []
        for process in idle:
            process.end()

    def _call(self, request: dict[str, Any]) -> tuple[dict[str, Any], np.ndarray]:
        process = self._take_idle()
        answer, frames, short = self._ask(process or _Process(self.limits), request)
        if process is not None and short:
            # The process may have been short of memory because of what earlier clips left in it.
            answer, frames, _ = self._ask(_Process(self.limits), request)
        return _result_of(answer, self.limits), frames

    def _take_idle(self) -> _Process | None:
        """Return a process that has nothing to do; end those that were killed meanwhile."""
        while True:
            with self._lock:
                process = self._idle.pop() if self._idle else None
            if process is None or not process.has_ended:
                return process
            process.end()

    def _ask(
        self, process: _Process, request: dict[str, Any]
    ) -> tuple[dict[str, Any], np.ndarray, bool]:
        """Return a process's answer and frames, and whether it may have been short of memory.

        The process is kept for later calls, unless it is broken or was short of memory.
        """
        try:
            answer, frames = process.ask(request)
            # libav reports a frame as damaged if it finds no memory for it.
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
    """One process and the memory that it writes frames to."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._frame_memory = os.memfd_create("frames")
        try:
            self._child = Child(
                _WORKER,
                memory_mib=limits.memory_mib,
                inherited=(self._frame_memory,),
                environment={"GLIBC_TUNABLES": _KEEP_MEMORY},
            )
        except BaseException:
            os.close(self._frame_memory)
            raise

    @property
    def has_ended(self) -> bool:
        """Whether the process was ended by somebody else."""
        return self._child.has_ended

    def ask(self, request: dict[str, Any]) -> tuple[dict[str, Any], np.ndarray]:
        """Return the answer to a request, and a copy of the frames.

        Raises:
            DecodeError: the process ended, took too long, or gave a damaged answer.
        """
        seconds = self._limits.seconds
        text = json.dumps(request).encode()
        try:
            message = self._child.ask(text, seconds=seconds, longest=_LONGEST_ANSWER)
        except TimeoutError as problem:
            reason = f"decoding takes longer than {seconds:g} s"
            raise DecodeError(reason, Fault.MOMENT) from problem
        except ChildProcessError as problem:
            # Memory may have run out: of the machine, or where the decoder does not expect it.
            raise DecodeError(f"the decoder crashed ({problem})", Fault.MOMENT) from problem
        with _refused_if_damaged():
            answer = json.loads(message)
            return answer, self._read_frames(answer.get("result", {}).get("shape"))

    def nearly_full(self) -> bool:
        """Return whether the process uses more than half of the memory that it is allowed."""
        allowed, _ = resource.prlimit(self._child.pid, resource.RLIMIT_DATA)
        status = Path(f"/proc/{self._child.pid}/status").read_text()
        used = [line.split()[1] for line in status.splitlines() if line.startswith("VmData")]
        return 2 * 1024 * sum(map(int, used)) > allowed

    def end(self) -> None:
        """End the process immediately."""
        self._child.end()
        os.close(self._frame_memory)

    def _read_frames(self, shape: list[int] | None) -> np.ndarray:
        if shape is None:
            return np.empty((0, 0, 0, 3), np.uint8)
        if len(shape) != 4 or math.prod(shape) > os.fstat(self._frame_memory).st_size:
            raise DecodeError(f"the decoder's answer is damaged: no frames of shape {shape}")
        frames = np.empty(shape, np.uint8)
        buffer = frames.data.cast("B")
        read = 0
        # Read instead of mapped, because each page of a new mapping costs a fault.
        while read < len(buffer):
            count = os.preadv(self._frame_memory, [buffer[read:]], read)
            if not count:
                raise DecodeError("the decoder's answer is damaged: frames are missing")
            read += count
        return frames


@cache
def decoding_processes(limits: Limits) -> DecodingProcesses:
    """Return this program's decoding processes with the given limits; they end with the program."""
    processes = DecodingProcesses(limits)
    atexit.register(processes.close)
    return processes


@contextmanager
def _refused_if_damaged() -> Iterator[None]:
    """Raise a DecodeError if an answer makes no sense: a video may have taken the process over."""
    try:
        yield
    except _SENSELESS as problem:
        raise DecodeError("the decoder's answer is damaged") from problem


@_refused_if_damaged()
def _facts_of(result: dict[str, Any]) -> VideoFacts:
    facts = VideoFacts(**result)
    for field in fields(facts):
        if type(getattr(facts, field.name)).__name__ != field.type:
            raise TypeError(f"{field.name} must be {field.type}, got {facts}")
    return facts


@_refused_if_damaged()
def _result_of(answer: dict[str, Any], limits: Limits) -> dict[str, Any]:
    """Return the result in an answer, or raise the error in it."""
    if "decode_error" in answer:
        reason, fault = answer["decode_error"]
        raise DecodeError(str(reason), Fault(fault))
    if "memory" in answer:
        reason = f"decoding needs more than {limits.memory_mib} MiB of memory"
        raise DecodeError(reason, Fault.MOMENT)
    if "os_error" in answer:
        code, text, name = answer["os_error"]
        raise OSError(int(code), str(text), str(name))
    result: dict[str, Any] = answer["result"]
    return result
