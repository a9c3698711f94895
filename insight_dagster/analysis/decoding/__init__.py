"""Exact frames from untrusted files: what a container says, and the pictures of a time window.

`probe` and `decode_window` are the way in; `DecodingProcesses` has both, each call in a process of
its own with limits. Scaling and normalising frames do not belong here
(`preprocessing`), nor does which files are clips (`clip_library`).
"""

from collections.abc import Callable
from pathlib import Path

from insight_dagster.analysis.decoding.isolation import (
    DecodingProcesses,
    Limits,
    decoding_processes,
)
from insight_dagster.analysis.decoding.window import (
    DecodedWindow,
    VideoFacts,
    decode_window,
    probe,
)

Decode = Callable[..., DecodedWindow]
"""`decode_window`, or the one of `DecodingProcesses`."""
Probe = Callable[[Path], VideoFacts]
"""`probe`, or the one of `DecodingProcesses`."""

__all__ = [
    "Decode",
    "DecodedWindow",
    "DecodingProcesses",
    "Limits",
    "Probe",
    "VideoFacts",
    "decode_window",
    "decoding_processes",
    "probe",
]
