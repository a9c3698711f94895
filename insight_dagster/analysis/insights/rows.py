"""Insights as rows of the tables `insights`, `insight_members` and `insight_causes`.

The layout of the rows belongs here; which findings are insights, and in which order, does not
(`ranking`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from insight_dagster import tables
from insight_dagster.analysis.insights.clip_table import ClipTable
from insight_dagster.analysis.insights.finding import CORE_WEIGHT
from insight_dagster.analysis.insights.ranking import Ranked


@dataclass(frozen=True)
class InsightSet:
    """The insights of one class, most severe first, as rows of the tables of those names."""

    insights: pa.Table
    members: pa.Table
    causes: pa.Table

    def core_members(self) -> dict[str, list[str]]:
        """Clip ids of the core members of each insight."""
        found: dict[str, list[str]] = {}
        for row in self.members.to_pylist():
            if row["weight"] >= CORE_WEIGHT:
                found.setdefault(row["insight_id"], []).append(row["clip_id"])
        return found

    def __len__(self) -> int:
        return self.insights.num_rows


def to_tables(
    own: Sequence[tuple[Ranked, list[dict[str, Any]]]],
    clips: ClipTable,
    *,
    class_name: str,
    model_fingerprint: str,
    space_id: str,
) -> InsightSet:
    """Lay insights of one class and their causes out as rows of the three tables."""
    origin = {"model_fingerprint": model_fingerprint, "space_id": space_id}
    belongs = {"class_name": class_name}
    insights = [{**_insight_row(each, clips), **belongs, **origin} for each, _ in own]
    members = [{**row, **belongs} for each, _ in own for row in _member_rows(each, clips)]
    reasons = [{**row, **belongs} for _, causes in own for row in causes]
    return InsightSet(
        tables.INSIGHTS.from_rows(insights),
        tables.INSIGHT_MEMBERS.from_rows(members),
        tables.INSIGHT_CAUSES.from_rows(reasons),
    )


def nothing_found() -> InsightSet:
    """No insights: of a class that has no usable clip, say."""
    return InsightSet(
        tables.INSIGHTS.from_rows([]),
        tables.INSIGHT_MEMBERS.from_rows([]),
        tables.INSIGHT_CAUSES.from_rows([]),
    )


def _insight_row(ranked: Ranked, clips: ClipTable) -> dict[str, Any]:
    finding = ranked.finding
    return {
        "insight_id": ranked.insight_id,
        "kind": finding.kind,
        "population": finding.population,
        "other_class": finding.other_class or None,
        "found_by": list(finding.found_by),
        "size": len(finding.rows),
        "severity": ranked.severity,
        "effect_name": finding.effect_name,
        "effect": finding.effect,
        "ci_low": finding.ci_low,
        "ci_high": finding.ci_high,
        "p_value": finding.p_value,
        "q_value": ranked.q_value,
        "accuracy": _mean(clips.correct[finding.rows]),
        "mean_loss": _mean(clips.loss[finding.rows]),
        "sentence": finding.sentence,
        "action": finding.action,
    }


def _mean(values: np.ndarray) -> float | None:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else None


def _member_rows(ranked: Ranked, clips: ClipTable) -> list[dict[str, Any]]:
    finding = ranked.finding
    partners = finding.partners if len(finding.partners) else np.full(len(finding.rows), -1)
    suggested = finding.suggested if len(finding.suggested) else np.full(len(finding.rows), "")
    return [
        {
            "insight_id": ranked.insight_id,
            "clip_id": str(clips.clip_ids[row]),
            "weight": float(weight),
            "partner_clip_id": str(clips.clip_ids[partner]) if partner >= 0 else None,
            "suggested_class": str(label) or None,
        }
        for row, weight, partner, label in zip(
            finding.rows, finding.weights, partners, suggested, strict=True
        )
    ]
