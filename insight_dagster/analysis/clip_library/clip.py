"""A usable clip: its file, its time window and its label.

This is what the model and the metadata measurements receive. A clip as the library names it is a
`ClipSource`; decoding (`decoding`) does not belong here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Clip:
    """A usable clip of the manifest.

    Attributes:
        clip_id: identity of the clip.
        class_name: action class of the clip, its true label.
        content_key: hash of the file's bytes and the time window.
        path: absolute path of the video file.
        start: start of the labelled segment in the file, in seconds.
        end: end of the segment in seconds; None for the end of the file.
        decoder: decoder that the manifest names; None for the default.
    """

    clip_id: str
    class_name: str
    content_key: str
    path: Path
    start: float = 0.0
    end: float | None = None
    decoder: str | None = None

    def __post_init__(self) -> None:
        """Check that the window is not empty."""
        if not (math.isfinite(self.start) and self.start >= 0):
            raise ValueError(f"clip {self.clip_id}: start must be >= 0 s, got {self.start}")
        if self.end is not None and not self.end > self.start:
            raise ValueError(
                f"clip {self.clip_id}: end must come after start {self.start} s, got {self.end}"
            )
