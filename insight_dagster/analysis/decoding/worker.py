"""The process that reads untrusted videos: one request after another, until the pipe closes.

Run by `isolation.py` as `python -m` this module with four numbers: the descriptors of its socket,
of the memory for pictures and of a pipe that breaks when its parent ends, and the bytes of memory
that it may take. It is given nothing but paths, and what it answers is JSON and plain bytes: if a
video took this process over, that is all it could send.
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
    """Serve requests."""
    socket, pictures, lifeline, memory = (int(word) for word in sys.argv[1:])
    _end_with(lifeline)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    requests = Connection(socket)
    operations = {"probe": _probe, "window": lambda asked: _window(pictures, asked)}
    while True:
        try:
            asked = json.loads(requests.recv_bytes())
        except EOFError:
            return
        answer = _answer(operations[asked.pop("operation")], asked)
        requests.send_bytes(json.dumps(answer).encode())


def _answer(operation: Callable[[dict[str, Any]], dict[str, Any]], asked: dict[str, Any]) -> Any:
    try:
        return {"done": operation(asked)}
    except DecodeError as problem:
        return {"decode_error": str(problem)}
    except MemoryError:
        return {"memory": True}
    except OSError as problem:
        return {"os_error": [problem.errno, problem.strerror, str(problem.filename)]}


def _probe(asked: dict[str, Any]) -> dict[str, Any]:
    return asdict(probe(Path(asked["path"])))


def _window(pictures: int, asked: dict[str, Any]) -> dict[str, Any]:
    path = Path(asked.pop("path"))
    window = decode_window(path, **asked)
    frames = np.ascontiguousarray(window.frames)
    data = frames.data.cast("B")
    written = 0
    while written < len(data):
        written += os.pwrite(pictures, data[written:], written)
    return {
        "shape": frames.shape,
        "timestamps": window.timestamps.tolist(),
        "source_frames": window.source_frames,
        "short": window.short,
    }


def _end_with(lifeline: int) -> None:
    """Have the system end this process, hung or not, when the pipe breaks: its parent is gone."""
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
    flags = fcntl.fcntl(lifeline, fcntl.F_GETFL)
    fcntl.fcntl(lifeline, fcntl.F_SETFL, flags | os.O_ASYNC)  # SIGIO, whose default is to end


if __name__ == "__main__":
    main()
