"""Where the samples of a FiftyOne dataset find their videos."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from insight_dagster.analysis.decoding import identify
from insight_dagster.export.fiftyone.documents import hex_of

_ENDING = re.compile(r"\.[a-z0-9]{1,8}")


@dataclass(frozen=True)
class Videos:
    """The videos of a library, which stay where they are or are copied into a dataset.

    Attributes:
        library: the clip library.
        folder: the dataset's folder, to copy them into; None: they stay where they are.
    """

    library: Path
    folder: Path | None

    def holds(self, path: str, is_listed: Callable[[str], bool]) -> bool:
        """Return whether a file exists in the library, not behind a link that leads out of it.

        Where videos are copied, the file is copied, and its copy must be what was listed.

        Args:
            path: the file, relative to the library.
            is_listed: returns whether a SHA-256 in hex is that of the listed file.

        Raises:
            OSError: the file cannot be copied.
        """
        file = (self.library / path).resolve()
        if not (file.is_relative_to(self.library.resolve()) and file.is_file()):
            return False
        if self.folder is None:
            return True
        copy = self.folder / self.place(path)
        if not copy.exists():
            copy.parent.mkdir(exist_ok=True)
            shutil.copyfile(file, copy)
        if is_listed(identify(copy).sha256):
            return True
        copy.unlink()
        return False

    def place(self, path: str) -> str:
        """Return a sample's `filepath`."""
        if self.folder is None:
            return str(self.library.resolve() / path)
        # Names in the library may be unsafe; players need the ending only.
        ending = Path(path).suffix.lower()
        return f"data/{hex_of(path)}{ending if _ENDING.fullmatch(ending) else ''}"
