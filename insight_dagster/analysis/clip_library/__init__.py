"""The labelled clips of a library: finding them, describing them, and noticing changes.

Call `scan` to list the clips of a folder. Whether a file is a video is decided in `decoding`.
"""

from insight_dagster.analysis.clip_library.clip_source import ClipSource
from insight_dagster.analysis.clip_library.library_scan import ScannedLibrary, scan

__all__ = ["ClipSource", "ScannedLibrary", "scan"]
