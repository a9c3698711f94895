"""Counts of a manifest's quarantined clips and of the reasons for it.

The reasons are found where clips are read: `clip_source`, `clip_manifest` and `decoding`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pyarrow as pa

from insight_dagster.errors import Fault
from insight_dagster.tables.status import ClipStatus


@dataclass(frozen=True)
class Quarantine:
    """The number of quarantined clips of a manifest.

    Attributes:
        clips: all clips of the manifest.
        quarantined: clips that cannot be used.
        reasons: each reason with its number of clips, most frequent first.
    """

    clips: int
    quarantined: int
    reasons: tuple[tuple[str, int], ...]

    @property
    def share(self) -> float:
        """Quarantined clips divided by all clips; 0 for an empty manifest."""
        return self.quarantined / self.clips if self.clips else 0.0


def count_quarantined(manifest: pa.Table) -> Quarantine:
    """Count the quarantined clips of a manifest by reason."""
    rows = manifest.select(["status", "problem"]).to_pylist()
    problems = [row["problem"] for row in rows if row["status"] == ClipStatus.QUARANTINED]
    return Quarantine(len(rows), len(problems), tuple(Counter(problems).most_common()))


def count_replaced(manifest: pa.Table) -> int:
    """Count the clips of a manifest whose files changed while they were being read."""
    return manifest["fault"].to_pylist().count(Fault.REPLACED)
