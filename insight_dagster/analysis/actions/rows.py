"""Actions and expected effects as rows of `insight_actions` and `insight_effects`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from insight_dagster.analysis.actions.probe import Change
from insight_dagster.analysis.actions.recommend import Actions, recommend
from insight_dagster.analysis.actions.steps import Step
from insight_dagster.analysis.insights.clip_table import ClipTable
from insight_dagster.analysis.insights.ranking import Ranked
from insight_dagster.tables.follow_up import (
    INSIGHT_ACTIONS,
    INSIGHT_EFFECTS,
    InsightAction,
    InsightEffect,
)
from insight_dagster.tables.insights import Cause

MOST_PROBED = 200
"""Number of insights whose expected effect is estimated, the most severe first."""


@dataclass(frozen=True)
class FollowUp:
    """What to do because of the insights of one class, and the rows of two tables."""

    steps: tuple[InsightAction, ...] = ()
    expected: tuple[InsightEffect, ...] = ()

    @cached_property
    def actions(self) -> pa.Table:
        """Rows of `insight_actions`."""
        return INSIGHT_ACTIONS.from_records(self.steps)

    @cached_property
    def effects(self) -> pa.Table:
        """Rows of `insight_effects`."""
        return INSIGHT_EFFECTS.from_records(self.expected)


def follow_up(
    ranked: Sequence[Ranked],
    clips: ClipTable,
    *,
    class_name: str,
    seed: int,
    causes: Sequence[Sequence[Cause]] = (),
) -> FollowUp:
    """Return the actions of every insight of a class, with the expected effect of the most severe.

    Args:
        ranked: insights of all classes, most severe first.
        clips: the clip table that their rows refer to.
        class_name: the class whose insights are followed up.
        seed: seed of probe and bootstrap.
        causes: causes of each insight of `ranked`; empty where unknown.
    """
    steps, effects = [], []
    for position, each in enumerate(ranked):
        if each.finding.class_name != class_name:
            continue
        actions = recommend(
            each.finding,
            clips,
            seed=seed,
            causes=causes[position] if len(causes) else (),
            probed=position < MOST_PROBED,
        )
        steps += [_action(each, step, rank, clips) for rank, step in enumerate(actions.steps, 1)]
        effects.append(_effect(each, actions))
    return FollowUp(tuple(steps), tuple(effects))


def _action(insight: Ranked, step: Step, rank: int, clips: ClipTable) -> InsightAction:
    return InsightAction(
        insight_id=insight.insight_id,
        class_name=insight.finding.class_name,
        rank=rank,
        clip_id=str(clips.clip_ids[step.row]),
        verb=step.verb,
        suggested_class=step.suggested_class,
        partner_clip_id=str(clips.clip_ids[step.partner]) if step.partner >= 0 else None,
        confidence=step.confidence,
    )


def _effect(insight: Ranked, actions: Actions) -> InsightEffect:
    main = Change(None, reason=f"it is not among the {MOST_PROBED} most severe insights")
    side = Change(None)
    if actions.effect is not None:
        main, side = actions.effect.main, actions.effect.side
    return InsightEffect(
        insight_id=insight.insight_id,
        class_name=insight.finding.class_name,
        advice=actions.advice,
        wanted=actions.wanted or None,
        measure=main.measure,
        change=_known(main.change),
        ci_low=_known(main.low),
        ci_high=_known(main.high),
        clips=main.clips,
        reason=main.reason,
        side_measure=side.measure,
        side_change=_known(side.change),
        side_ci_low=_known(side.low),
        side_ci_high=_known(side.high),
        side_clips=side.clips,
        side_reason=side.reason,
    )


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value
