"""Findings made by hand, for what follows from them."""

from __future__ import annotations

import numpy as np

from insight_dagster.analysis.insights.clip_table import ClipTable
from insight_dagster.analysis.insights.finding import Finding


def finding_of(
    kind: str, rows: np.ndarray, clips: ClipTable, *, effect: float = 1.0, **more: object
) -> Finding:
    """A finding whose members are all core members; it belongs to the first one's class."""
    return Finding(
        kind=kind, population="all", rows=rows, weights=np.ones(len(rows)), effect_name="effect",
        effect=effect, ci_low=0.0, ci_high=2.0, p_value=0.01, strength=0.5, relevant=True,
        sentence="", action="", class_name=str(clips.labels[rows[0]]), **more,
    )  # fmt: skip
