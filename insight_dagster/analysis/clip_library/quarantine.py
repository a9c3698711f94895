"""Clips that cannot be used: how many, why, and whether it may pass."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pyarrow as pa

_UNREADABLE = "the file cannot be read"


def unreadable(problem: OSError) -> str:
    """The reason for a file that the system would not give: a lost mount, a missing permission."""
    return f"{_UNREADABLE} ({problem.strerror or problem})"


def may_pass(reason: str | None) -> bool:
    """Whether a quarantine is of the system, not of the file, and is worth another try."""
    return reason is not None and reason.startswith(_UNREADABLE)


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
