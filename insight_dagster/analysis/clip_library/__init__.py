"""Which labelled clips a folder holds, in any of the layouts that people use.

`scan` is the way in. Whether a file is a video does not belong here (`decoding`).
"""

from insight_dagster.analysis.clip_library.clip_source import ClipSource
from insight_dagster.analysis.clip_library.library_scan import ScannedLibrary, scan

__all__ = ["ClipSource", "ScannedLibrary", "scan"]
