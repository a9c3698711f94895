"""Check of pinned insights: whether any became more severe since it was pinned.

Comparing severities belongs here; recognising an insight in a later analysis does not
(`insights/history/same_insight`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from insight_dagster.analysis.checks.outcome import ERROR, Outcome
from insight_dagster.analysis.insights.history.same_insight import ClipGroup
from insight_dagster.settings.thresholds import Thresholds


def pinned_insights(
    pins: pa.Table, insights: pa.Table, members: pa.Table, thresholds: Thresholds
) -> Outcome:
    """Check that no pinned insight of a class became clearly more severe.

    A pinned insight is matched with a current insight of its kind by the clips that they share.
    Without a match it counts as resolved.

    Args:
        pins: the class's rows of `pinned_insights`.
        insights: the class's rows of `insights`.
        members: the class's rows of `insight_members`.
        thresholds: thresholds of all checks.
    """
    current = _with_clips(insights, members)
    found = {row["insight_id"]: _state(row, current, thresholds) for row in pins.to_pylist()}
    worse = [state for state in found.values() if state["state"] == "worse"]
    resolved = sum(state["state"] == "resolved" for state in found.values())
    return Outcome(
        passed=not worse,
        severity=ERROR,
        description="; ".join(
            f"{state['sentence']} (severity {state['then']:.2f} -> {state['now']:.2f})"
            for state in worse
        )
        + ". Review the insight; to accept it, pin it again with `insight pin`"
        if worse
        else f"{len(found)} pinned insights, none worse, {resolved} resolved",
        facts={"pinned": len(found), "worse": len(worse), "insights": found},
    )


def _with_clips(insights: pa.Table, members: pa.Table) -> list[dict[str, Any]]:
    clips: dict[str, set[str]] = {}
    for row in members.select(["insight_id", "clip_id"]).to_pylist():
        clips.setdefault(row["insight_id"], set()).add(row["clip_id"])
    return [
        {**row, "clip_ids": clips.get(row["insight_id"], set())} for row in insights.to_pylist()
    ]


def _state(
    pin: Mapping[str, Any], current: Sequence[Mapping[str, Any]], thresholds: Thresholds
) -> dict[str, Any]:
    pinned = ClipGroup.of_row(pin)
    same = [row for row in current if pinned.is_same(ClipGroup.of_row(row))]
    if not same:
        return {"state": "resolved", "sentence": pin["sentence"], "then": pin["severity"]}
    match = max(
        same, key=lambda row: (pinned.kept_by(ClipGroup.of_row(row)), -len(row["clip_ids"]))
    )
    rise, largest = match["severity"] - pin["severity"], thresholds.max_severity_rise
    return {
        "state": "worse" if rise > largest else "better" if rise < -largest else "same",
        "sentence": match["sentence"],
        "then": pin["severity"],
        "now": match["severity"],
        "insight_id": match["insight_id"],
    }
