"""Whether two groups of clips, found at different times, are the same insight.

One definition for pins and for the ledger; what follows from it belongs to them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SAME_GROUP = 0.5
"""Share of the earlier group's clips that the later one must hold: a group may grow."""


@dataclass(frozen=True)
class ClipGroup:
    """What identifies an insight across runs: its class, kind and population, and its clips."""

    class_name: str
    kind: str
    population: str
    other_class: str | None
    clip_ids: frozenset[str]

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> ClipGroup:
        """Return the group of a row that has these columns."""
        return cls(
            row["class_name"],
            row["kind"],
            row["population"],
            row["other_class"],
            frozenset(row["clip_ids"]),
        )

    def is_same(self, later: ClipGroup) -> bool:
        """Return whether a later group is of the same kind and holds enough of the clips."""
        of_one_kind = (self.class_name, self.kind, self.population, self.other_class) == (
            later.class_name,
            later.kind,
            later.population,
            later.other_class,
        )
        return of_one_kind and self.kept_by(later) >= SAME_GROUP

    def kept_by(self, later: ClipGroup) -> float:
        """Return the share of the clips that a later group holds."""
        return len(self.clip_ids & later.clip_ids) / len(self.clip_ids) if self.clip_ids else 0.0

    def overlap(self, later: ClipGroup) -> float:
        """Return the Jaccard similarity of the two groups' clips."""
        union = len(self.clip_ids | later.clip_ids)
        return len(self.clip_ids & later.clip_ids) / max(1, union)
