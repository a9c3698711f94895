"""The main loop of a decoding process: answer requests until the pipe closes.

`isolation` runs this module with `python -m` and four numbers: the descriptors of its socket, of
the memory for frames and of a pipe that closes when its parent ends, and its memory limit in bytes.
It receives only paths and numbers and answers with JSON and plain bytes, so that a video that takes
the process over can send nothing else.
"""

from __future__ import annotations

import fcntl
import json
import os
import resource
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from insight_dagster.analysis.decoding.window import decode_window, probe
from insight_dagster.errors import DecodeError


def main() -> None:
    """Answer requests until the pipe closes."""
    socket, frame_memory, lifeline, memory = (int(word) for word in sys.argv[1:])
    _end_with(lifeline)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    requests = Connection(socket)
    operations = {"probe": _probe, "window": lambda request: _window(frame_memory, request)}
    while True:
        try:
            request = json.loads(requests.recv_bytes())
        except EOFError:
            return
        answer = _answer(operations[request.pop("operation")], request)
        requests.send_bytes(json.dumps(answer).encode())


def _answer(operation: Callable[[dict[str, Any]], dict[str, Any]], request: dict[str, Any]) -> Any:
    try:
        return {"result": operation(request)}
    except DecodeError as problem:
        return {"decode_error": str(problem)}
    except MemoryError:
        return {"memory": True}
    except OSError as problem:
        return {"os_error": [problem.errno, problem.strerror, str(problem.filename)]}


def _probe(request: dict[str, Any]) -> dict[str, Any]:
    return asdict(probe(Path(request["path"])))


def _window(frame_memory: int, request: dict[str, Any]) -> dict[str, Any]:
    path = Path(request.pop("path"))
    window = decode_window(path, **request)
    frames = np.ascontiguousarray(window.frames)
    data = frames.data.cast("B")
    written = 0
    while written < len(data):
        written += os.pwrite(frame_memory, data[written:], written)
    return {
        "shape": frames.shape,
        "timestamps": window.timestamps.tolist(),
        "source_frames": window.source_frames,
        "short": window.short,
    }


def _end_with(lifeline: int) -> None:
    """Make the system end this process, even if it hangs, when its parent's end closes the pipe."""
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
    flags = fcntl.fcntl(lifeline, fcntl.F_GETFL)
    fcntl.fcntl(lifeline, fcntl.F_SETFL, flags | os.O_ASYNC)  # SIGIO, which ends a process


if __name__ == "__main__":
    main()
