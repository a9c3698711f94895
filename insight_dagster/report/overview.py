"""What the first page says: figures, confusion, drift, verdicts, quarantine, what changed.

Belongs here: choosing, joining and rounding. Does not: statistics (done below), HTML (`static/`).
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from insight_dagster.report.clip_columns import fields_shown
from insight_dagster.report.plain import plain, plain_rows
from insight_dagster.report.report_data import ReportData
from insight_dagster.report.scores import class_scores, confusion, split_names

_SPACE = ("clips", "components", "explained_variance", "trustworthiness", "clusters", "noise_share")
_DRIFT = (
    "class_name", "part", "metric", "clips_then", "clips_now", "value_then", "value_now",
    "effect", "ci_low", "ci_high", "p_value", "adjusted_p", "psi", "judged", "reason",
)  # fmt: skip
_VERDICT = ("class_name", "cleared", "errors", "warnings")
_CHANGED = ("born", "growing", "shrinking", "resolved", "regressed")
_LEDGER = ("ledger_id", "insight_id", "status", "kind", "class_name", "size", "severity")
_MOST_DRIFT = 400


def overview(data: ReportData, clips: pd.DataFrame) -> dict[str, Any]:
    """Everything that the first page shows, JSON-ready."""
    return {
        "facts": _facts(data, clips),
        "fields": [
            {"name": each.name, "description": each.description, "unit": each.unit}
            for each in fields_shown()
        ],
        "scores": class_scores(clips),
        "confusion": confusion(clips),
        "drift": plain_rows(_drift(data.drift), _DRIFT),
        "verdicts": plain_rows(data.verdicts.sort_values("class_name"), _VERDICT),
        "quarantine": _quarantine(data.clip_manifest),
        "changes": _changes(data.insight_ledger),
    }


def _facts(data: ReportData, clips: pd.DataFrame) -> dict[str, Any]:
    space = _current_space(data)
    right = clips["correct"].dropna().astype(float)
    return {
        "title": data.title,
        "created_at": data.created_at.strftime("%Y-%m-%d %H:%M UTC"),
        "run_id": data.run_id,
        "model_fingerprint": data.model_fingerprint,
        "random_weights": bool(data.random_weights),
        "clips": len(clips),
        "placed": int(clips["x"].notna().sum()),
        "quarantined": int((data.clip_manifest["status"] != "ok").sum()),
        "classes": sorted(set(data.clip_manifest["class_name"])),
        "splits": split_names(clips),
        "scored": len(right),
        "accuracy": float(right.mean()) if len(right) else None,
        "mean_loss": plain(pd.to_numeric(clips["loss"]).mean()),
        "space": None if space is None else {name: plain(space[name]) for name in _SPACE},
    }


def _current_space(data: ReportData) -> pd.Series | None:
    """The space that the projection was made in, else the latest."""
    spaces = data.latent_spaces.sort_values("created_at")
    used = spaces[spaces["space_id"].isin(data.projection["space_id"])]
    chosen = used if len(used) else spaces
    return chosen.iloc[-1] if len(chosen) else None


def _drift(drift: pd.DataFrame) -> pd.DataFrame:
    """Rows of the drift table, all classes together first, the least probable change first."""
    order = drift.assign(p=pd.to_numeric(drift["adjusted_p"]).fillna(drift["p_value"]))
    return order.sort_values(["class_name", "p", "metric"], kind="stable").head(_MOST_DRIFT)


def _changes(ledger: pd.DataFrame) -> list[dict[str, Any]]:
    """What the last run that the ledger knows made of the insights, without what stayed."""
    if not len(ledger):
        return []
    last = ledger[ledger["run_id"] == ledger.sort_values("recorded_at")["run_id"].iloc[-1]]
    changed = last[last["status"].isin(_CHANGED)]
    rows = changed.sort_values(["status", "severity"], ascending=[True, False])
    return plain_rows(rows, _LEDGER)


def _quarantine(manifest: pd.DataFrame) -> list[dict[str, Any]]:
    rows = manifest[manifest["status"] != "ok"].sort_values(["class_name", "path"])
    return plain_rows(rows, ("path", "class_name", "split", "problem"))
