"""Where the samples of a FiftyOne dataset find their videos."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

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

    def holds(self, path: str) -> bool:
        """Return whether a file exists in the library, not behind a link that leads out of it."""
        file = (self.library / path).resolve()
        return file.is_relative_to(self.library.resolve()) and file.is_file()

    def place(self, path: str) -> str:
        """Return a sample's `filepath`; the video is copied when it is first asked for.

        Raises:
            OSError: it cannot be copied.
        """
        source = self.library / path
        if self.folder is None:
            return str(self.library.resolve() / path)
        # Names in the library may be unsafe; players need the ending only.
        ending = source.suffix.lower()
        name = f"data/{hex_of(path)}{ending if _ENDING.fullmatch(ending) else ''}"
        target = self.folder / name
        if not target.exists():
            target.parent.mkdir(exist_ok=True)
            shutil.copyfile(source, target)
        return name
