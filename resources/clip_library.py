"""The clip library as a Dagster resource."""

from pathlib import Path

import dagster as dg

from insight_dagster.analysis.clip_library import ScannedLibrary, scan
from insight_dagster.analysis.decoding import DecodingProcesses, Limits, decoding_processes


class ClipLibraryResource(dg.ConfigurableResource):
    """The folder of the labelled clips, and the limits for decoding one.

    Attributes:
        folder: the library's folder.
        decode_seconds: longest time that decoding one clip may take.
        decode_memory_mib: memory that decoding one clip may use.
    """

    folder: str
    decode_seconds: float = Limits.seconds
    decode_memory_mib: int = Limits.memory_mib

    @property
    def root(self) -> Path:
        """The library's folder; paths in the manifest are relative to it."""
        return Path(self.folder)

    def decoding(self) -> DecodingProcesses:
        """Return the decoder, which reads each clip in its own process: files are untrusted."""
        return decoding_processes(Limits(self.decode_seconds, self.decode_memory_mib))

    def scan(self) -> ScannedLibrary:
        """Return the classes, splits and files of the library.

        Raises:
            LibraryError: the folder is missing, empty, or has an unknown layout.
        """
        return scan(self.root)
