"""Counts of the clips that cannot be used, and of the reasons why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True)
class Quarantine:
    """How many clips of a manifest are unusable, with the reasons counted."""

    clips: int
    quarantined: int
    reasons: tuple[tuple[str, int], ...]

    @property
    def share(self) -> float:
        """Quarantined clips over all clips; 0 for an empty manifest."""
        return self.quarantined / self.clips if self.clips else 0.0


def quarantine(manifest: pa.Table) -> Quarantine:
    """Count the quarantined rows of a manifest, most frequent reason first."""
    rows = manifest.select(["status", "problem"]).to_pylist()
    problems = [row["problem"] for row in rows if row["status"] == "quarantined"]
    return Quarantine(len(rows), len(problems), tuple(Counter(problems).most_common()))
