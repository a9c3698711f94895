"""Findings and causes made by hand, for tests of what uses them."""

from __future__ import annotations

import numpy as np

from insight_dagster.analysis.insights.clip_table import ClipTable
from insight_dagster.analysis.insights.finding import Finding
from insight_dagster.tables.insights import Cause


def finding_of(
    kind: str, rows: np.ndarray, clips: ClipTable, *, effect: float = 1.0, **more: object
) -> Finding:
    """Return a finding of the first row's class, whose members are all core members."""
    return Finding(
        kind=kind, population="all", rows=rows, weights=np.ones(len(rows)), effect_name="effect",
        effect=effect, ci_low=0.0, ci_high=2.0, p_value=0.01, strength=0.5, relevant=True,
        sentence="", action="", class_name=str(clips.labels[rows[0]]), **more,
    )  # fmt: skip


def cause_of(
    field: str, direction: str, *, inside: float, outside: float, relative_of: str | None = None
) -> Cause:
    """Return a cause with the values that its wording needs; the others are 0 or missing."""
    return Cause(
        insight_id="id", class_name="disc", rank=1, field=field, direction=direction, effect=0.0,
        ci_low=0.0, ci_high=0.0, auc=0.5, p_value=0.0, q_value=0.0, value_inside=inside,
        value_outside=outside, unique_share=1.0, relative_of=relative_of, spread_low=None,
        spread_high=None, spread_inside=None, spread_outside=None,
    )  # fmt: skip
