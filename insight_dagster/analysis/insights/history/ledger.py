"""The ledger: which insights of a run are those of an earlier run, and what became of them.

Matching insights and naming the change belong here; storing lines does not
(`pipeline.class_insights`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np
from scipy.optimize import linear_sum_assignment

from insight_dagster.analysis.insights.finding import CORE_WEIGHT
from insight_dagster.analysis.insights.history.same_insight import ClipGroup
from insight_dagster.tables.follow_up import LedgerLine
from insight_dagster.tables.insights import Insight
from insight_dagster.tables.status import LedgerStatus

GROWN = 0.1
"""Relative change of the size from which on a group grows or shrinks."""
WORSE = 0.05
"""Rise of the severity from which on an insight has regressed."""


def first_line(insight: Insight, *, run_id: str, recorded_at: datetime) -> LedgerLine:
    """Return the line of an insight that no earlier run found.

    Args:
        insight: of the present run.
        run_id: Dagster run.
        recorded_at: UTC.
    """
    return LedgerLine(
        ledger_id=insight.insight_id,
        run_id=run_id,
        recorded_at=recorded_at,
        sequence=None,
        class_name=insight.class_name,
        insight_id=insight.insight_id,
        status=LedgerStatus.BORN,
        kind=insight.kind,
        population=insight.population,
        other_class=insight.other_class or None,
        size=insight.size,
        effect=insight.effect,
        severity=insight.severity,
        q_value=insight.q_value,
        accuracy=insight.accuracy,
        clip_ids=tuple(clip.clip_id for clip in insight.clips if clip.weight >= CORE_WEIGHT),
        model_fingerprint=insight.model_fingerprint,
        space_id=insight.space_id,
    )


def next_lines(
    earlier: Sequence[LedgerLine],
    present: Sequence[LedgerLine],
    *,
    run_id: str,
    recorded_at: datetime,
) -> list[LedgerLine]:
    """Return the lines that a run adds for one class; unchanged insights add none.

    Present insights are matched one to one with earlier ones that are the same (`same_insight`),
    maximising the sum of Jaccard similarities. An insight that is matched with a resolved one, or
    is more severe by .05, has regressed; otherwise it grows or shrinks by at least a tenth of its
    size, or is steady. Insights without a match are born, earlier ones without a match resolved.

    Args:
        earlier: the last line of each ledger id of the class, from other runs than this one.
        present: the `first_line` of every present insight of the class.
        run_id: Dagster run.
        recorded_at: UTC.
    """
    match = _matched(earlier, present)
    lines = []
    for position, line in enumerate(present):
        if position not in match:
            lines.append(line)
            continue
        before = earlier[match[position]]
        if not _unchanged(before, line):
            lines.append(replace(line, ledger_id=before.ledger_id, status=_status(before, line)))
    for position, before in enumerate(earlier):
        if position not in match.values() and before.status != LedgerStatus.RESOLVED:
            lines.append(_resolved(before, run_id, recorded_at))
    return lines


def _resolved(before: LedgerLine, run_id: str, recorded_at: datetime) -> LedgerLine:
    return replace(
        before,
        run_id=run_id,
        recorded_at=recorded_at,
        sequence=None,
        insight_id=None,
        status=LedgerStatus.RESOLVED,
        size=0,
        severity=0.0,
        effect=None,
        q_value=None,
        accuracy=None,
    )


def _matched(earlier: Sequence[LedgerLine], present: Sequence[LedgerLine]) -> dict[int, int]:
    """Return the position of the earlier insight of each present one that has one."""
    before, now = [_group(line) for line in earlier], [_group(line) for line in present]
    similarity = np.array(
        [[e.overlap(p) if e.is_same(p) else 0.0 for e in before] for p in now]
    ).reshape(len(now), len(before))
    rows, columns = linear_sum_assignment(-similarity)
    return {int(r): int(c) for r, c in zip(rows, columns, strict=True) if similarity[r, c] > 0}


def _group(line: LedgerLine) -> ClipGroup:
    return ClipGroup(
        line.class_name, line.kind, line.population, line.other_class, frozenset(line.clip_ids)
    )


def _status(before: LedgerLine, line: LedgerLine) -> LedgerStatus:
    if before.status == LedgerStatus.RESOLVED or line.severity - before.severity > WORSE:
        return LedgerStatus.REGRESSED
    change = line.size / max(1, before.size) - 1
    if change >= GROWN:
        return LedgerStatus.GROWING
    return LedgerStatus.SHRINKING if change <= -GROWN else LedgerStatus.STEADY


def _unchanged(before: LedgerLine, line: LedgerLine) -> bool:
    return (
        before.insight_id == line.insight_id
        and before.model_fingerprint == line.model_fingerprint
        and before.space_id == line.space_id
        and before.size == line.size
        and bool(np.isclose(before.severity, line.severity, atol=1e-9))
    )
