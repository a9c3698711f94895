"""The marker of a demo library: what it was rendered from, and which deliveries it has had.

Reading, writing and comparing the marker belong here; clips and tables do not.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from insight_dagster.demo.library.clip_plan import FaultShares
from insight_dagster.errors import LibraryError

GENERATOR_VERSION = 1
"""Raised when the same seed gives other pixels than before."""

MARKER = ".demo_library.json"


@dataclass(frozen=True)
class Marker:
    """Everything that decides a library's clips; the file is the last that is written.

    `delivery` is the latest one that has arrived completely; 1 is what `make_library` renders.
    """

    seed: int
    clips_per_class: int
    classes: tuple[str, ...]
    faults: FaultShares
    generator: int = GENERATOR_VERSION
    delivery: int = 1

    @classmethod
    def read(cls, folder: Path) -> Marker | None:
        """The marker in this folder; None where there is none.

        Raises:
            LibraryError: it cannot be read, or another version wrote it.
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
                f"{path} is not this version's marker of a demo library ({problem}); "
                f"name another folder"
            ) from problem

    def write(self, folder: Path) -> None:
        """Write it into `folder`, in place."""
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
