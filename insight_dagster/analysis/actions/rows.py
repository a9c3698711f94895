"""Steps and expected effects of insights as rows of `insight_actions` and `insight_effects`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from insight_dagster import tables
from insight_dagster.analysis.actions.probe import Change
from insight_dagster.analysis.actions.recommend import Actions, recommend
from insight_dagster.analysis.actions.steps import Step
from insight_dagster.analysis.insights.clip_table import ClipTable
from insight_dagster.analysis.insights.ranking import Ranked

MOST_PROBED = 200
"""Insights whose expected effect is estimated, the most severe first."""


@dataclass(frozen=True)
class FollowUp:
    """Rows of the tables of those names."""

    actions: pa.Table
    effects: pa.Table


def follow_up(
    ranked: Sequence[Ranked],
    clips: ClipTable,
    *,
    class_name: str,
    seed: int,
    causes: Sequence[Sequence[Mapping[str, Any]]] = (),
) -> FollowUp:
    """Steps of every insight of a class, and the expected effect of the most severe of all.

    Args:
        ranked: insights of all classes, most severe first.
        clips: what their rows refer to.
        class_name: whose insights are wanted.
        seed: of probe and bootstrap.
        causes: of each insight of `ranked`, as rows of `insight_causes`; empty: unknown.
    """
    actions, effects = [], []
    for position, each in enumerate(ranked):
        if each.finding.class_name != class_name:
            continue
        named = {"insight_id": each.insight_id, "class_name": class_name}
        taken = recommend(
            each.finding,
            clips,
            seed=seed,
            causes=causes[position] if len(causes) else (),
            probed=position < MOST_PROBED,
        )
        actions += [
            {**named, "rank": rank, **_step_row(step, clips)}
            for rank, step in enumerate(taken.steps, 1)
        ]
        effects.append({**named, **_effect_row(taken)})
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


def _effect_row(taken: Actions) -> dict[str, object]:
    row: dict[str, object] = {"advice": taken.advice, "wanted": taken.wanted or None}
    if taken.effect is None:
        reason = f"it is not among the {MOST_PROBED} most severe insights"
        return row | {"measure": None, "clips": 0, "reason": reason, "side_clips": 0}
    main, side = taken.effect.main, taken.effect.side
    return row | _figures(main) | {f"side_{name}": value for name, value in _figures(side).items()}


def _figures(change: Change) -> dict[str, object]:
    figures = {"change": change.change, "ci_low": change.low, "ci_high": change.high}
    return {
        "measure": change.measure,
        **{name: None if np.isnan(value) else value for name, value in figures.items()},
        "clips": change.clips,
        "reason": change.reason,
    }
