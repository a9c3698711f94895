"""The clip library as a Dagster resource."""

from pathlib import Path

import dagster as dg

from insight_dagster.analysis.clip_library import ScannedLibrary, scan


class ClipLibraryResource(dg.ConfigurableResource):
    """Knows where the labelled clips are."""

    folder: str

    @property
    def root(self) -> Path:
        """The library's folder, which manifest paths are relative to."""
        return Path(self.folder)

    def scan(self) -> ScannedLibrary:
        """What the library holds now.

        Raises:
            LibraryError: the folder is missing, empty, or laid out in no known way.
        """
        return scan(self.root)
