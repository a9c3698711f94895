"""The check of pinned insights: has what is watched become worse since it was pinned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from insight_dagster.analysis.checks.outcome import ERROR, Outcome
from insight_dagster.analysis.insights.history.same_insight import is_same, kept


def pinned_insights(
    pins: pa.Table, insights: pa.Table, members: pa.Table, *, largest_rise: float
) -> Outcome:
    """No pinned insight of the class is more severe than when it was pinned, by so much.

    A pinned insight is found again among the present ones of its kind by the clips that both
    hold; one that is not found is resolved.

    Args:
        pins: rows of `pinned_insights` of the class.
        insights: rows of `insights` of the class.
        members: rows of `insight_members` of the class.
        largest_rise: of severity that is let pass.
    """
    present = _with_clips(insights, members)
    found = {row["insight_id"]: _state(row, present, largest_rise) for row in pins.to_pylist()}
    worse = [state for state in found.values() if state["state"] == "worse"]
    return Outcome(
        passed=not worse,
        severity=ERROR,
        description="; ".join(
            f"{state['sentence']} (severity {state['then']:.2f} -> {state['now']:.2f})"
            for state in worse
        )
        + ". Look at the insight again; `insight pin` it anew to accept it"
        if worse
        else f"{len(found)} pinned insights, none worse, "
        f"{sum(state['state'] == 'resolved' for state in found.values())} not found any more",
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
    pin: Mapping[str, Any], present: Sequence[Mapping[str, Any]], largest_rise: float
) -> dict[str, Any]:
    same = [row for row in present if is_same(pin, row)]
    if not same:
        return {"state": "resolved", "sentence": pin["sentence"], "then": pin["severity"]}
    match = max(same, key=lambda row: (kept(pin, row), -len(row["clip_ids"])))
    rise = match["severity"] - pin["severity"]
    return {
        "state": "worse" if rise > largest_rise else "better" if rise < -largest_rise else "same",
        "sentence": match["sentence"],
        "then": pin["severity"],
        "now": match["severity"],
        "insight_id": match["insight_id"],
    }
