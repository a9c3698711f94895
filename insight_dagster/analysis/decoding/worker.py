"""The answers of a decoding process, which `isolation` runs.

It receives only paths and numbers and answers with JSON and plain bytes, so that a video that takes
the process over can send nothing else.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from insight_dagster.analysis.decoding.held_file import FileHolder
from insight_dagster.analysis.decoding.window import decode_window, probe
from insight_dagster.errors import DecodeError
from insight_dagster.files.processes.request_loop import answer_requests, inherited


def main() -> None:
    """Answer requests until the pipe closes."""
    (frame_memory,), files = inherited(), FileHolder()
    operations = {
        "probe": lambda request: _probe(files, request),
        "window": lambda request: _window(files, frame_memory, request),
    }

    def answer(message: bytes) -> bytes:
        request = json.loads(message)
        return json.dumps(_answer(operations[request.pop("operation")], request)).encode()

    answer_requests(answer)


def _answer(operation: Callable[[dict[str, Any]], dict[str, Any]], request: dict[str, Any]) -> Any:
    try:
        return {"result": operation(request)}
    except DecodeError as problem:
        return {"decode_error": [str(problem), problem.fault]}
    except MemoryError:
        return {"memory": True}
    except OSError as problem:
        return {"os_error": [problem.errno, problem.strerror, str(problem.filename)]}


def _probe(files: FileHolder, request: dict[str, Any]) -> dict[str, Any]:
    return asdict(probe(Path(request.pop("path")), **request, files=files))


def _window(files: FileHolder, frame_memory: int, request: dict[str, Any]) -> dict[str, Any]:
    window = decode_window(Path(request.pop("path")), **request, files=files)
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


if __name__ == "__main__":
    main()
