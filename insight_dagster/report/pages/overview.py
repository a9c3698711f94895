"""The data of the first page: figures, confusion, drift, verdicts, quarantine, changed insights.

Belongs here: choosing, joining and rounding. Does not: statistics (`analysis`), HTML (`static/`).
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from insight_dagster.analysis.insights.history.ledger import GROWN, WORSE
from insight_dagster.report.pages.clip_columns import fields_shown
from insight_dagster.report.pages.drift_rows import drift_rows
from insight_dagster.report.pages.json_values import plain, plain_rows
from insight_dagster.report.pages.scores import class_scores, confusion, split_names
from insight_dagster.report.report_data import ReportData
from insight_dagster.tables.status import ClipStatus, LedgerStatus

_SPACE = ("clips", "components", "explained_variance", "trustworthiness", "clusters", "noise_share")
_VERDICT = ("class_name", "cleared", "errors", "warnings")
_CHANGED = (
    LedgerStatus.REGRESSED,
    LedgerStatus.RESOLVED,
    LedgerStatus.BORN,
    LedgerStatus.GROWING,
    LedgerStatus.SHRINKING,
)
_LEDGER = ("ledger_id", "insight_id", "status", "kind", "class_name", "size", "severity")


def overview(data: ReportData, clips: pd.DataFrame, *, since: int | None) -> dict[str, Any]:
    """Return everything that the first page shows, JSON-ready.

    Args:
        data: the tables.
        clips: as `joined_clips` returns.
        since: the ledger's last number in the run before; None = there is none.
    """
    return {
        "facts": _facts(data, clips),
        "fields": [
            {"name": each.name, "description": each.description, "unit": each.unit}
            for each in fields_shown()
        ],
        "scores": class_scores(clips),
        "confusion": confusion(clips),
        "drift": drift_rows(data.drift),
        "verdicts": plain_rows(data.verdicts.sort_values("class_name"), _VERDICT),
        "quarantine": _quarantine(data.clip_manifest),
        "changes": None if since is None else _changes(data, since),
        "rules": {"grown": GROWN, "worse": WORSE},
    }


def _facts(data: ReportData, clips: pd.DataFrame) -> dict[str, Any]:
    space = _current_space(data)
    right = clips["correct"].dropna().astype(float)
    return {
        "title": data.title,
        "created_at": data.created_at.strftime("%Y-%m-%d %H:%M:%S UTC"),
        "ledger_sequence": _last_number(data),
        "run_id": data.run_id,
        "model_fingerprint": data.model_fingerprint,
        "random_weights": bool(data.random_weights),
        "clips": len(clips),
        "placed": int(clips["x"].notna().sum()),
        "quarantined": int((data.clip_manifest["status"] != ClipStatus.OK).sum()),
        "classes": sorted(set(data.clip_manifest["class_name"])),
        "splits": split_names(clips),
        "scored": len(right),
        "accuracy": float(right.mean()) if len(right) else None,
        "mean_loss": plain(pd.to_numeric(clips["loss"]).mean()),
        "space": None if space is None else {name: plain(space[name]) for name in _SPACE},
    }


def _current_space(data: ReportData) -> pd.Series | None:
    """Return the latent space of the projection, else the latest one."""
    spaces = data.latent_spaces.sort_values("sequence")
    used = spaces[spaces["space_id"].isin(data.projection["space_id"])]
    chosen = used if len(used) else spaces
    return chosen.iloc[-1] if len(chosen) else None


def _last_number(data: ReportData) -> int:
    """Return the number of the ledger's last line, 0 for none."""
    return int(data.insight_ledger["sequence"].max()) if len(data.insight_ledger) else 0


def _changes(data: ReportData, since: int) -> list[dict[str, Any]]:
    """Return the insights with lines after a number, each once with its last status."""
    lines = data.insight_ledger[data.insight_ledger["sequence"] > since]
    last = lines.sort_values("sequence").drop_duplicates("ledger_id", keep="last")
    changed = last[last["status"].isin(_CHANGED)]
    sentences = dict(zip(data.insights["insight_id"], data.insights["sentence"], strict=True))
    rows = changed.assign(
        order=changed["status"].map(_CHANGED.index), sentence=changed["insight_id"].map(sentences)
    ).sort_values(["order", "severity", "ledger_id"], ascending=[True, False, True])
    return plain_rows(rows, (*_LEDGER, "sentence"))


def _quarantine(manifest: pd.DataFrame) -> list[dict[str, Any]]:
    rows = manifest[manifest["status"] != ClipStatus.OK].sort_values(["class_name", "path"])
    return plain_rows(rows, ("clip_id", "path", "class_name", "split", "problem", "fault"))
