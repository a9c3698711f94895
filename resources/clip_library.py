"""The clip library as a Dagster resource."""

from pathlib import Path

import dagster as dg

from insight_dagster.analysis.clip_library import ScannedLibrary, scan
from insight_dagster.analysis.decoding import DecodingProcesses, Limits, decoding_processes


class ClipLibraryResource(dg.ConfigurableResource):
    """Knows where the labelled clips are, and what reading one may cost."""

    folder: str
    decode_seconds: float = Limits.seconds
    decode_memory_mib: int = Limits.memory_mib

    @property
    def root(self) -> Path:
        """The library's folder, which manifest paths are relative to."""
        return Path(self.folder)

    def decoding(self) -> DecodingProcesses:
        """Reads clips, each in a process of its own: they are untrusted."""
        return decoding_processes(Limits(self.decode_seconds, self.decode_memory_mib))

    def scan(self) -> ScannedLibrary:
        """What the library holds now.

        Raises:
            LibraryError: the folder is missing, empty, or laid out in no known way.
        """
        return scan(self.root)
