"""The insights of a report: each with its clips, causes, examples, actions and history.

Belongs here: joining the tables by insight. Does not: pictures (`pictures`), and any statistics.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from insight_dagster.report.packing import pack_array
from insight_dagster.report.pages.json_values import plain, plain_rows
from insight_dagster.report.pictures import Pictures
from insight_dagster.report.report_data import ReportData
from insight_dagster.tables import INSIGHT_ACTIONS, INSIGHT_CAUSES, INSIGHT_EFFECTS, INSIGHTS
from insight_dagster.tables.status import LedgerStatus

_HISTOGRAMS = ("spread_low", "spread_high", "spread_inside", "spread_outside")
_INSIGHT = INSIGHTS.names_without("p_value", "model_fingerprint", "space_id")
_CAUSE = INSIGHT_CAUSES.names_without("insight_id", "class_name", "rank", "p_value", *_HISTOGRAMS)
_ACTION = INSIGHT_ACTIONS.names_without("insight_id", "class_name")
_EFFECT = INSIGHT_EFFECTS.names_without("insight_id", "class_name")
_GONE = ("ledger_id", "recorded_at", "kind", "class_name", "population", "other_class")
_PAST = ("sequence", "recorded_at", "run_id", "status", "size", "severity", "effect", "accuracy")


def insight_cards(
    data: ReportData, clips: pd.DataFrame, pictures: Pictures
) -> list[dict[str, Any]]:
    """Return every insight, most severe first; clips are given as rows of `clips`."""
    ranked = data.insights.sort_values(
        ["severity", "insight_id"], ascending=[False, True], ignore_index=True
    )
    row_of = {clip_id: row for row, clip_id in enumerate(clips["clip_id"])}
    of = {
        name: dict(tuple(getattr(data, name).groupby("insight_id")))
        for name in ("insight_members", "insight_causes", "insight_actions", "insight_effects")
    }
    known = identities(data.insight_ledger)["identities"]
    right = (clips["correct"] == True).to_numpy(bool)  # noqa: E712 - missing is neither
    cards = []
    for insight in plain_rows(ranked, _INSIGHT):
        key = insight["insight_id"]
        members = _members(of["insight_members"].get(key), row_of)
        causes = of["insight_causes"].get(key)
        actions = of["insight_actions"].get(key)
        cards.append({
            **insight,
            **members,
            "causes": _causes(causes),
            "actions": plain_rows(_sorted(actions, "rank"), _ACTION),
            "effects": plain_rows(of["insight_effects"].get(key), _EFFECT),
            **_past(data.insight_ledger, key),
            "key": known.get(key, key),
            **_examples(data, insight, members["rows"], pictures, row_of, right),
        })  # fmt: skip
    for card in cards:
        card["rows"] = pack_array(card["rows"])
    return cards


def _sorted(frame: pd.DataFrame | None, column: str) -> pd.DataFrame | None:
    return None if frame is None else frame.sort_values(column)


def _members(rows: pd.DataFrame | None, row_of: dict[str, int]) -> dict[str, Any]:
    """Return members by falling weight: rows (m,) int32, weights, partners, suggested labels."""
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


def _causes(causes: pd.DataFrame | None) -> list[dict[str, Any]]:
    return [
        {**{name: cause[name] for name in _CAUSE}, "spread": _histograms(cause)}
        for cause in plain_rows(_sorted(causes, "rank"), (*_CAUSE, *_HISTOGRAMS))
    ]


def _histograms(cause: dict[str, Any]) -> dict[str, Any] | None:
    low, high, inside, outside = (cause[name] for name in _HISTOGRAMS)
    if low is None:
        return None
    return {"low": low, "high": high, "inside": inside, "outside": outside}


def _past(ledger: pd.DataFrame, insight_id: str) -> dict[str, Any]:
    """Return the ledger's lines of an insight, oldest first."""
    own = ledger[ledger["insight_id"] == insight_id].sort_values("sequence")
    if not len(own):
        return {"past": []}
    ledger_id = own["ledger_id"].iloc[-1]
    rows = ledger[ledger["ledger_id"] == ledger_id].sort_values("sequence")
    return {"past": plain_rows(rows, _PAST)}


def identities(ledger: pd.DataFrame) -> dict[str, Any]:
    """Return what an address may name: all ids that insights had, and the resolved insights.

    Returns:
        `identities`: the ledger's id by insight id; `gone`: the last lines of resolved ones.
    """
    named = ledger[ledger["insight_id"].notna()].sort_values(["sequence", "ledger_id"])
    last = ledger.sort_values("sequence").drop_duplicates("ledger_id", keep="last")
    gone = last[last["status"] == LedgerStatus.RESOLVED].sort_values("ledger_id")
    return {
        "identities": dict(sorted(zip(named["insight_id"], named["ledger_id"], strict=True))),
        "gone": plain_rows(gone, _GONE),
    }


def _examples(
    data: ReportData,
    insight: dict[str, Any],
    rows: np.ndarray,
    pictures: Pictures,
    row_of: dict[str, int],
    right: np.ndarray,
) -> dict[str, Any]:
    """Return the example clips of an insight with their heatmaps, and the mean heatmap.

    Examples are in the order of the members; of a confusion, wrong predictions come first. The
    mean is over one target, because heatmaps of different targets have different meanings.
    """
    bundles = data.heatmap_bundles
    picked = [insight["insight_id"] in _listed(ids) for ids in bundles["insight_ids"]]
    chosen = bundles[np.array(picked, bool) & bundles["clip_id"].isin(row_of)]
    place = {row: position for position, row in enumerate(rows)}
    at = chosen["clip_id"].map(row_of).astype(int)
    late = right[at] if insight["kind"] == "class_confusion" else False
    chosen = chosen.assign(row=at, late=late, place=at.map(place).fillna(len(rows)))
    chosen = chosen.sort_values(["late", "place", "clip_id", "target"])
    examples = [
        {**each, "heat": heat}
        for each, path in zip(
            plain_rows(chosen, ("row", "target", "method")), chosen["volume_path"], strict=True
        )
        if (heat := pictures.heat(path)) is not None
    ]
    targets = chosen["target"].mode().tolist()
    target = insight["class_name"] if insight["class_name"] in targets else (targets or [None])[0]
    volumes = chosen[chosen["target"] == target]["volume_path"].tolist()
    return {
        "examples": examples,
        "average": pictures.average(sorted(volumes)),
        "average_target": target,
    }


def _listed(ids: object) -> list[str]:
    return list(ids) if isinstance(ids, (list, tuple, np.ndarray)) else []
