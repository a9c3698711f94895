"""A clip as the measuring modules see it: which seconds of which file, and whose label.

The row that travels from the manifest to the model and to the metadata belongs here; finding
clips (`clip_library`) and decoding them (`decoding`) do not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Clip:
    """One clip whose frames are to be looked at.

    Attributes:
        clip_id: identity of the clip.
        class_name: action class that it is labelled with.
        content_key: hash of the file's bytes and the time window.
        path: the video file.
        start: start of the labelled segment in the file, in seconds.
        end: end of the segment in seconds; None = end of the file.
        decoder: decoder that the manifest chose; None = the default one.
    """

    clip_id: str
    class_name: str
    content_key: str
    path: Path
    start: float = 0.0
    end: float | None = None
    decoder: str | None = None

    def __post_init__(self) -> None:
        """Refuse a window that holds nothing."""
        if not (math.isfinite(self.start) and self.start >= 0):
            raise ValueError(f"clip {self.clip_id}: start must be >= 0 s, got {self.start}")
        if self.end is not None and not self.end > self.start:
            raise ValueError(
                f"clip {self.clip_id}: end must come after start {self.start} s, got {self.end}"
            )
