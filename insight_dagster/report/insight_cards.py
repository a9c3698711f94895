"""The insights of a report: each with its clips, causes, examples, steps and past.

Belongs here: joining what the tables say of an insight. Does not: pictures (`pictures.py`), or
any judgement.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from insight_dagster.report.packing import pack_array
from insight_dagster.report.pictures import Pictures
from insight_dagster.report.plain import plain, plain_rows
from insight_dagster.report.report_data import ReportData

BINS = 24
_INSIGHT = (
    "insight_id", "kind", "class_name", "population", "other_class", "found_by", "size", "severity",
    "effect_name", "effect", "ci_low", "ci_high", "q_value", "accuracy", "mean_loss", "sentence",
    "action",
)  # fmt: skip
_CAUSE = (
    "field", "direction", "effect", "ci_low", "ci_high", "auc", "q_value", "value_inside",
    "value_outside", "unique_share", "relative_of",
)  # fmt: skip
_ACTION = ("rank", "clip_id", "verb", "suggested_class", "partner_clip_id", "confidence")
_EFFECT = (
    "advice", "wanted", "measure", "change", "ci_low", "ci_high", "clips", "reason", "side_measure",
    "side_change", "side_ci_low", "side_ci_high", "side_clips", "side_reason",
)  # fmt: skip
_PAST = ("recorded_at", "run_id", "status", "size", "severity", "effect", "accuracy")


def insight_cards(
    data: ReportData, clips: pd.DataFrame, pictures: Pictures
) -> list[dict[str, Any]]:
    """Every insight, most severe first; clips are rows of `clips`."""
    ranked = data.insights.sort_values(
        ["severity", "insight_id"], ascending=[False, True], ignore_index=True
    )
    row_of = {clip_id: row for row, clip_id in enumerate(clips["clip_id"])}
    of = {
        name: dict(tuple(getattr(data, name).groupby("insight_id")))
        for name in ("insight_members", "insight_causes", "insight_actions", "insight_effects")
    }
    cards = []
    for insight in plain_rows(ranked, _INSIGHT):
        key = insight["insight_id"]
        members = _members(of["insight_members"].get(key), row_of)
        causes = of["insight_causes"].get(key)
        actions = of["insight_actions"].get(key)
        cards.append({
            **insight,
            **members,
            "causes": _causes(causes, clips, members["rows"]),
            "actions": plain_rows(_sorted(actions, "rank"), _ACTION),
            "effects": plain_rows(of["insight_effects"].get(key), _EFFECT),
            **_past(data.insight_ledger, key),
            **_examples(data, key, row_of, pictures),
        })  # fmt: skip
    for card in cards:
        card["rows"] = pack_array(card["rows"])
    return cards


def _sorted(frame: pd.DataFrame | None, column: str) -> pd.DataFrame | None:
    return None if frame is None else frame.sort_values(column)


def _members(rows: pd.DataFrame | None, row_of: dict[str, int]) -> dict[str, Any]:
    """Clips by falling weight: rows (m,) int32, weights, the clip each repeats, its right label."""
    if rows is None:
        return {"rows": np.zeros(0, np.int32), "weights": [], "partners": [], "suggested": []}
    known = rows[rows["clip_id"].isin(row_of)]
    ordered = known.sort_values(["weight", "clip_id"], ascending=[False, True])
    return {
        "rows": np.array([row_of[each] for each in ordered["clip_id"]], np.int32),
        "weights": [plain(each) for each in ordered["weight"]],
        "partners": [row_of.get(each, -1) for each in ordered["partner_clip_id"]],
        "suggested": [plain(each) for each in ordered["suggested_class"]],
    }


def _causes(
    causes: pd.DataFrame | None, clips: pd.DataFrame, rows: np.ndarray
) -> list[dict[str, Any]]:
    inside = np.zeros(len(clips), bool)
    inside[rows] = True
    told = plain_rows(_sorted(causes, "rank"), _CAUSE)
    return [{**each, "spread": _spread(each["field"], clips, inside)} for each in told]


def _spread(field: str, clips: pd.DataFrame, inside: np.ndarray) -> dict[str, Any] | None:
    """Histograms of a measured field inside the group and outside, as shares; None of a rule.

    The bins span the middle 98 % of all values; what lies beyond is in the outermost ones.
    """
    if field not in clips.columns or not pd.api.types.is_numeric_dtype(clips[field]):
        return None
    values = clips[field].to_numpy(np.float64, na_value=np.nan)
    known = np.isfinite(values)
    if not (known & inside).any() or not (known & ~inside).any():
        return None
    low, high = np.quantile(values[known], [0.01, 0.99])
    if low >= high:
        return None
    edges = np.linspace(low, high, BINS + 1)
    shares = []
    for side in (known & inside, known & ~inside):
        counts, _ = np.histogram(np.clip(values[side], low, high), edges)
        shares.append([plain(share) for share in counts / counts.sum()])
    return {"low": plain(low), "high": plain(high), "inside": shares[0], "outside": shares[1]}


def _past(ledger: pd.DataFrame, insight_id: str) -> dict[str, Any]:
    """Its identity in the ledger, and what that says of it in every run, oldest first."""
    own = ledger[ledger["insight_id"] == insight_id].sort_values("recorded_at")
    if not len(own):
        return {"ledger_id": None, "past": []}
    ledger_id = own["ledger_id"].iloc[-1]
    rows = ledger[ledger["ledger_id"] == ledger_id].sort_values("recorded_at")
    return {"ledger_id": plain(ledger_id), "past": plain_rows(rows, _PAST)}


def _examples(
    data: ReportData, insight_id: str, row_of: dict[str, int], pictures: Pictures
) -> dict[str, Any]:
    """Clips that stand for the insight with their heatmaps, and the mean of these."""
    bundles = data.heatmap_bundles
    picked = [insight_id in _listed(ids) for ids in bundles["insight_ids"]]
    rows = bundles[np.array(picked, bool)].sort_values(["clip_id", "target"])
    rows = rows[rows["clip_id"].isin(row_of)]
    examples = [
        {
            "row": row_of[row["clip_id"]],
            "target": row["target"],
            "method": row["method"],
            "heat": heat,
        }
        for _, row in rows.iterrows()
        if (heat := pictures.heat(row["volume_path"])) is not None
    ]
    return {"examples": examples, "average": pictures.average(list(rows["volume_path"]))}


def _listed(ids: object) -> list[str]:
    return list(ids) if isinstance(ids, (list, tuple, np.ndarray)) else []
