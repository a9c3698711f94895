"""The ledger: which insights of a run are ones of an earlier run, and what became of them.

Matching and telling the change belong here; storing lines does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from insight_dagster.analysis.insights.history.same_insight import is_same, overlap
from insight_dagster.tables.status import LedgerStatus

GROWN = 0.1
"""Relative change of the size from which on a group grows or shrinks."""
WORSE = 0.05
"""Rise of the severity from which on an insight has regressed."""
_COPIED = (
    "insight_id", "class_name", "kind", "population", "other_class", "size", "effect", "severity",
    "q_value", "accuracy", "model_fingerprint", "space_id", "clip_ids",
)  # fmt: skip


def next_lines(
    earlier: Sequence[dict[str, Any]],
    present: Sequence[dict[str, Any]],
    *,
    run_id: str,
    recorded_at: datetime,
) -> list[dict[str, Any]]:
    """Lines that a run adds for one class: none for what is as it was.

    Present insights are matched one to one with earlier ones that are the same (`same_insight`),
    so that the Jaccard similarities add up to most. What is matched with a resolved insight, or
    is more severe by .05, has regressed; else it grows or shrinks with a tenth of its size, or is
    steady. What is not matched is born; earlier ones that are not matched are resolved.

    Args:
        earlier: the last line of each ledger id of the class, from other runs than this.
        present: rows of `insights` of the class with their core members as `clip_ids`.
        run_id: of the Dagster run.
        recorded_at: UTC.
    """
    match = _matched(earlier, present)
    lines = []
    for position, row in enumerate(present):
        before = earlier[match[position]] if position in match else None
        if before is None or not _unchanged(before, row):
            lines.append({
                **{name: row[name] for name in _COPIED},
                "ledger_id": before["ledger_id"] if before else row["insight_id"],
                "status": _status(before, row),
            })  # fmt: skip
    gone = [e for i, e in enumerate(earlier) if i not in match.values()]
    lines += [
        {
            **each, "insight_id": None, "status": LedgerStatus.RESOLVED, "size": 0, "severity": 0.0,
            "effect": None, "q_value": None, "accuracy": None,
        }
        for each in gone
        if each["status"] != LedgerStatus.RESOLVED
    ]  # fmt: skip
    return [{**line, "run_id": run_id, "recorded_at": recorded_at} for line in lines]


def _matched(
    earlier: Sequence[dict[str, Any]], present: Sequence[dict[str, Any]]
) -> dict[int, int]:
    """Position of the earlier insight of each present one that has one."""
    similarity = np.array(
        [[overlap(e, p) if is_same(e, p) else 0.0 for e in earlier] for p in present]
    ).reshape(len(present), len(earlier))
    rows, columns = linear_sum_assignment(-similarity)
    return {int(r): int(c) for r, c in zip(rows, columns, strict=True) if similarity[r, c] > 0}


def _status(before: dict[str, Any] | None, row: dict[str, Any]) -> LedgerStatus:
    if before is None:
        return LedgerStatus.BORN
    if before["status"] == LedgerStatus.RESOLVED or row["severity"] - before["severity"] > WORSE:
        return LedgerStatus.REGRESSED
    change = row["size"] / max(1, before["size"]) - 1
    if change >= GROWN:
        return LedgerStatus.GROWING
    return LedgerStatus.SHRINKING if change <= -GROWN else LedgerStatus.STEADY


def _unchanged(before: dict[str, Any], row: dict[str, Any]) -> bool:
    alike = ("insight_id", "model_fingerprint", "space_id", "size")
    return all(before[name] == row[name] for name in alike) and bool(
        np.isclose(before["severity"], row["severity"], atol=1e-9)
    )
