"""Insights as records and as rows of `insights`, `insight_members` and `insight_causes`.

Making the records belongs here; their columns (`tables.insights`) and which findings are insights
(`ranking`) do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from insight_dagster.analysis.insights.clip_table import ClipTable
from insight_dagster.analysis.insights.finding import CORE_WEIGHT
from insight_dagster.analysis.insights.ranking import Ranked
from insight_dagster.tables.insights import (
    INSIGHT_CAUSES,
    INSIGHT_MEMBERS,
    INSIGHTS,
    Cause,
    Insight,
    InsightMember,
)


@dataclass(frozen=True)
class InsightSet:
    """The insights of one class, most severe first, and their rows in three tables."""

    records: tuple[Insight, ...] = ()

    def __len__(self) -> int:
        return len(self.records)

    @cached_property
    def insights(self) -> pa.Table:
        """Rows of `insights`."""
        return INSIGHTS.from_records(self.records)

    @cached_property
    def members(self) -> pa.Table:
        """Rows of `insight_members`."""
        return INSIGHT_MEMBERS.from_records(clip for each in self.records for clip in each.clips)

    @cached_property
    def causes(self) -> pa.Table:
        """Rows of `insight_causes`."""
        return INSIGHT_CAUSES.from_records(cause for each in self.records for cause in each.causes)

    def core_members(self) -> dict[str, list[str]]:
        """Return the clip ids of the core members of each insight."""
        return {
            each.insight_id: [clip.clip_id for clip in each.clips if clip.weight >= CORE_WEIGHT]
            for each in self.records
        }


def insight_of(
    ranked: Ranked,
    causes: Sequence[Cause],
    clips: ClipTable,
    *,
    model_fingerprint: str = "",
    space_id: str = "",
) -> Insight:
    """Return the record of one insight.

    Args:
        ranked: the insight.
        causes: its causes, strongest first.
        clips: the clip table that its rows refer to.
        model_fingerprint: model behind the clips' predictions.
        space_id: latent space of the clips' coordinates.
    """
    finding = ranked.finding
    return Insight(
        insight_id=ranked.insight_id,
        kind=finding.kind,
        class_name=finding.class_name,
        population=finding.population,
        other_class=finding.other_class,
        found_by=finding.found_by,
        severity=ranked.severity,
        effect_name=finding.effect_name,
        effect=finding.effect,
        ci_low=finding.ci_low,
        ci_high=finding.ci_high,
        p_value=finding.p_value,
        q_value=ranked.q_value,
        sentence=finding.sentence,
        action=finding.action,
        model_fingerprint=model_fingerprint,
        space_id=space_id,
        clips=_members(ranked, clips),
        causes=tuple(causes),
        members=finding.rows,
        scores=finding.soft_scores(len(clips)),
    )


def _members(ranked: Ranked, clips: ClipTable) -> tuple[InsightMember, ...]:
    finding = ranked.finding
    partners = finding.partners if len(finding.partners) else np.full(len(finding.rows), -1)
    suggested = finding.suggested if len(finding.suggested) else np.full(len(finding.rows), "")
    return tuple(
        InsightMember(
            insight_id=ranked.insight_id,
            class_name=finding.class_name,
            clip_id=str(clips.clip_ids[row]),
            weight=float(weight),
            partner_clip_id=str(clips.clip_ids[partner]) if partner >= 0 else None,
            suggested_class=str(label),
            split=str(clips.splits[row]),
            correct=float(clips.correct[row]),
            loss=float(clips.loss[row]),
        )
        for row, weight, partner, label in zip(
            finding.rows, finding.weights, partners, suggested, strict=True
        )
    )
