"""Where the samples of a FiftyOne dataset find their videos."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Sequence
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

    def holds(self, path: str, are_listed: Sequence[Callable[[str], bool]]) -> list[bool]:
        """Return for each clip of a file whether the library has it, not behind a link out of it.

        Where videos are copied, the file is copied, and the copy must be what was listed. A copy
        that is not what any clip was listed with is deleted.

        Args:
            path: the file, relative to the library.
            are_listed: for each of its clips, a function that returns whether a SHA-256 in hex is
                that of the listed file.

        Raises:
            OSError: the file cannot be copied.
        """
        file = (self.library / path).resolve()
        found = file.is_relative_to(self.library.resolve()) and file.is_file()
        if not found or self.folder is None:
            return [found] * len(are_listed)
        copy = self.folder / self.place(path)
        copy.parent.mkdir(exist_ok=True)
        shutil.copyfile(file, copy)
        sha256 = identify(copy).sha256
        held = [is_listed(sha256) for is_listed in are_listed]
        if not any(held):
            copy.unlink()
        return held

    def place(self, path: str) -> str:
        """Return a sample's `filepath`."""
        if self.folder is None:
            return str(self.library.resolve() / path)
        # Names in the library may be unsafe; players need the ending only.
        ending = Path(path).suffix.lower()
        return f"data/{hex_of(path)}{ending if _ENDING.fullmatch(ending) else ''}"
