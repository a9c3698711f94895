"""Exact frames of untrusted video files, and what their containers say about them.

Call `probe` and `decode_window`, or the methods of the same names of `DecodingProcesses`, which run
each call in a separate process with limits. Scaling and normalising frames (`model.preprocessing`)
and finding clips (`clip_library`) do not belong here.
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
"""`decode_window`, or the method of `DecodingProcesses`."""
Probe = Callable[[Path], VideoFacts]
"""`probe`, or the method of `DecodingProcesses`."""

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
