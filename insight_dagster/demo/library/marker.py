"""The marker file of a demo library: its arguments and its latest delivery.

Reading and writing the marker belong here; clips and tables (`library_files`) do not.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from insight_dagster.demo.library.fault_shares import FaultShares
from insight_dagster.errors import LibraryError

GENERATOR_VERSION = 1
"""Increase it whenever a seed gives other pixels than before."""

MARKER = ".demo_library.json"


@dataclass(frozen=True)
class Marker:
    """Everything that determines the clips of a library; its file is written last.

    Attributes:
        seed: seed of the library.
        clips_per_class: number of clips per class.
        classes: classes of the first delivery.
        faults: shares of the planted faults.
        generator: version of the generator that rendered the library.
        delivery: latest complete delivery; 1 is what `make_library` renders.
    """

    seed: int
    clips_per_class: int
    classes: tuple[str, ...]
    faults: FaultShares
    generator: int = GENERATOR_VERSION
    delivery: int = 1

    @classmethod
    def read(cls, folder: Path) -> Marker | None:
        """Read the marker of a folder; None if it has none.

        Raises:
            LibraryError: the marker cannot be read or is of another version.
        """
        path = folder / MARKER
        if not path.is_file():
            return None
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            faults = FaultShares(**content.pop("faults"))
            return cls(**content | {"classes": tuple(content["classes"])}, faults=faults)
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as problem:
            raise LibraryError(
                f"{path} is not a demo library marker of this version ({problem}); "
                f"use another folder"
            ) from problem

    def write(self, folder: Path) -> None:
        """Write the marker to a folder, not atomically: into a draft."""
        content: dict[str, object] = {
            "generator": self.generator,
            "seed": self.seed,
            "clips_per_class": self.clips_per_class,
            "classes": list(self.classes),
            "faults": asdict(self.faults),
        }
        if self.delivery > 1:
            content["delivery"] = self.delivery
        (folder / MARKER).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
