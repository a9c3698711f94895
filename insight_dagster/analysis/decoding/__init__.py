"""Exact frames of untrusted video files, and what their containers say about them.

Call `probe` and `decode_window`, or the methods of the same names of `DecodingProcesses`, which run
each call in a separate process with limits. Scaling and normalising frames (`model.preprocessing`)
and finding clips (`clip_library`) do not belong here.
"""

from collections.abc import Callable

from insight_dagster.analysis.decoding.held_file import FileIdentity, content_key, identify
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
Probe = Callable[..., VideoFacts]
"""`probe`, or the method of `DecodingProcesses`."""

__all__ = [
    "Decode",
    "DecodedWindow",
    "DecodingProcesses",
    "FileIdentity",
    "Limits",
    "Probe",
    "VideoFacts",
    "content_key",
    "decode_window",
    "decoding_processes",
    "identify",
    "probe",
]
