"""Steps and expected effects of insights as rows of `insight_actions` and `insight_effects`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from insight_dagster import tables
from insight_dagster.analysis.actions.lists import Step, steps
from insight_dagster.analysis.actions.probe import ExpectedEffect, expected_effect
from insight_dagster.analysis.insights.clip_table import ClipTable
from insight_dagster.analysis.insights.result import Ranked

MOST_PROBED = 200
"""Insights whose expected effect is estimated, the most severe first."""


@dataclass(frozen=True)
class FollowUp:
    """Rows of the tables of those names."""

    actions: pa.Table
    effects: pa.Table


def follow_up(
    ranked: Sequence[Ranked], clips: ClipTable, *, class_name: str, seed: int
) -> FollowUp:
    """Steps of every insight of a class, and the expected effect of the most severe of all.

    Args:
        ranked: insights of all classes, most severe first.
        clips: what their rows refer to.
        class_name: whose insights are wanted.
        seed: of probe and bootstrap.
    """
    actions, effects = [], []
    for position, each in enumerate(ranked):
        if each.finding.class_name != class_name:
            continue
        named = {"insight_id": each.insight_id, "class_name": class_name}
        taken = steps(each.finding, clips)
        actions += [
            {**named, "rank": rank, **_step_row(step, clips)} for rank, step in enumerate(taken, 1)
        ]
        if position < MOST_PROBED:
            effect = expected_effect(each.finding, taken, clips, seed=seed)
            effects.append({**named, **_effect_row(effect)})
    return FollowUp(
        tables.INSIGHT_ACTIONS.from_rows(actions), tables.INSIGHT_EFFECTS.from_rows(effects)
    )


def no_follow_up() -> FollowUp:
    """Of a class without insights."""
    return FollowUp(tables.INSIGHT_ACTIONS.from_rows([]), tables.INSIGHT_EFFECTS.from_rows([]))


def _step_row(step: Step, clips: ClipTable) -> dict[str, object]:
    return {
        "clip_id": str(clips.clip_ids[step.row]),
        "verb": step.verb,
        "suggested_class": step.suggested_class or None,
        "partner_clip_id": str(clips.clip_ids[step.partner]) if step.partner >= 0 else None,
        "confidence": step.confidence,
    }


def _effect_row(effect: ExpectedEffect) -> dict[str, object]:
    figures = {"change": effect.change, "ci_low": effect.low, "ci_high": effect.high}
    return {
        "measure": effect.measure,
        **{name: None if np.isnan(value) else value for name, value in figures.items()},
        "clips": effect.clips,
        "reason": effect.reason or None,
    }
