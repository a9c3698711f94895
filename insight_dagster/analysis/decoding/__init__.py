"""Exact frames from untrusted files: what a container says, and the pictures of a time window.

`probe` and `decode_window` are the way in. Scaling and normalising frames do not belong here
(`preprocessing`), nor does which files are clips (`clip_library`).
"""

from insight_dagster.analysis.decoding.window import (
    DecodedWindow,
    VideoFacts,
    decode_window,
    probe,
)

__all__ = ["DecodedWindow", "VideoFacts", "decode_window", "probe"]
