"""One insight's steps, in words, and what they are expected to bring.

Putting the parts together belongs here; the parts have their own modules, rows are in `rows`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from insight_dagster.analysis.actions.advice import advice, wanted_clips
from insight_dagster.analysis.actions.probe import ExpectedEffect, expected_effect
from insight_dagster.analysis.actions.steps import Step, steps
from insight_dagster.analysis.insights.clip_table import ClipTable
from insight_dagster.analysis.insights.finding import Finding


@dataclass(frozen=True)
class Actions:
    """What to do because of an insight.

    Attributes:
        steps: clip by clip, most important first.
        advice: the same in words.
        wanted: clips to collect, 0 where none are asked for.
        effect: what the steps are expected to bring; None where it was not asked for.
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
    causes: Sequence[Mapping[str, Any]] = (),
    probed: bool = True,
) -> Actions:
    """What to do because of a finding, in which words, and what it would bring.

    The same actions come out whatever the row order. Definitions: `docs/explanation/insights.md`.

    Args:
        finding: a group of clips.
        clips: what its rows refer to.
        seed: of the probe's samples, halves and bootstrap.
        causes: rows of `insight_causes` of the insight, strongest first, for the words.
        probed: whether the effect is estimated.
    """
    taken = steps(finding, clips)
    wanted = wanted_clips(finding, taken, clips)
    return Actions(
        tuple(taken),
        advice(finding, taken, clips, wanted=wanted, causes=causes),
        wanted,
        expected_effect(finding, taken, clips, wanted=wanted, seed=seed) if probed else None,
    )
