"""Recommended actions of one insight: steps, the same in words, and their expected effect.

Combining the parts belongs here; each part has its own module (`steps`, `advice`, `probe`), the
rows of the tables are made in `rows`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from insight_dagster.analysis.actions.advice import advice, wanted_clips
from insight_dagster.analysis.actions.probe import ExpectedEffect, expected_effect
from insight_dagster.analysis.actions.steps import Step, steps
from insight_dagster.analysis.insights.clip_table import ClipTable
from insight_dagster.analysis.insights.finding import Finding
from insight_dagster.tables.insights import Cause


@dataclass(frozen=True)
class Actions:
    """What to do because of an insight.

    Attributes:
        steps: clip by clip, most important first.
        advice: the same in words.
        wanted: number of clips to collect, 0 for none.
        effect: expected effect of the steps, None where it was not estimated.
    """

    steps: tuple[Step, ...]
    advice: str
    wanted: int
    effect: ExpectedEffect | None


def recommend(
    finding: Finding,
    clips: ClipTable,
    *,
    seed: int,
    causes: Sequence[Cause] = (),
    probed: bool = True,
) -> Actions:
    """Recommend what to do because of a finding, and estimate the effect.

    The result does not depend on the row order. Definitions: `docs/explanation/insights.md`.

    Args:
        finding: a group of clips.
        clips: the clip table that its rows refer to.
        seed: seed of the probe's samples, halves and bootstrap.
        causes: of the insight, strongest first; used in the words.
        probed: whether to estimate the effect.
    """
    taken = steps(finding, clips)
    wanted = wanted_clips(finding, taken, clips)
    return Actions(
        tuple(taken),
        advice(finding, taken, clips, wanted=wanted, causes=causes),
        wanted,
        expected_effect(finding, taken, clips, wanted=wanted, seed=seed) if probed else None,
    )
