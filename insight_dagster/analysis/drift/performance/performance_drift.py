"""Performance of a night against a baseline, parted into model change and population change.

Pairing the clips of two nights and the decomposition belong here; the tests are in
`model_change` and `population_change`, what is alarming in `judgement`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from insight_dagster.analysis.drift.performance.change import (
    ACCURACY,
    CALIBRATION,
    LOSS,
    MODEL_CHANGE,
    POPULATION_CHANGE,
    Change,
    not_judged,
)
from insight_dagster.analysis.drift.performance.figures import figures
from insight_dagster.analysis.drift.performance.model_change import model_change
from insight_dagster.analysis.drift.performance.population_change import (
    comparable,
    lonely_strata,
    population_change,
)
from insight_dagster.analysis.drift.performance.scored_clips import ScoredClips
from insight_dagster.settings.thresholds import MIN_CLIPS

_AGAINST_THE_BASELINE = (
    "{left} comparable clips of the baseline are left: new clips are compared with the baseline's "
    "own predictions, and a changed model cannot be told from changed clips"
)


@dataclass(frozen=True)
class PerformanceDrift:
    """What became of the performance since the baseline.

    Attributes:
        changes: one a part and metric.
        clips_then, clips_now: clips of the baseline and of the night.
        shared, new, gone: clips of both, of the night alone, of the baseline alone.
        accuracy_then, accuracy_now: over all clips of either, 0..1; NaN without clips.
        model_part: part of `accuracy_change` that the shared clips' changed predictions make:
            shared / clips_now * (their accuracy now - their accuracy then).
        left_out: classes that were not compared: new ones that there are no old clips of.
    """

    changes: tuple[Change, ...]
    clips_then: int
    clips_now: int
    shared: int
    new: int
    gone: int
    accuracy_then: float
    accuracy_now: float
    model_part: float
    left_out: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if (self.shared + self.new, self.shared + self.gone) != (self.clips_now, self.clips_then):
            raise ValueError(
                f"{self.shared} shared, {self.new} new and {self.gone} gone clips do not make "
                f"{self.clips_then} then and {self.clips_now} now"
            )

    @property
    def accuracy_change(self) -> float:
        """Accuracy now minus then, over all clips; negative is worse."""
        return self.accuracy_now - self.accuracy_then

    @property
    def population_part(self) -> float:
        """The rest of `accuracy_change`: clips that came and went."""
        return self.accuracy_change - self.model_part

    def change(self, part: str, metric: str) -> Change:
        """The change of one part in one metric."""
        found = {(each.part, each.metric): each for each in self.changes}
        return found[part, metric]


def performance_drift(
    then: ScoredClips,
    now: ScoredClips,
    *,
    min_clips: int = MIN_CLIPS,
    draws: int = 1_999,
    seed: int = 0,
) -> PerformanceDrift:
    """Compare a night with its baseline; the same clips and seed give the same answer.

    The order of the rows does not matter.

    Model change: clips of both, predictions then against now. Population change: clips of the
    night alone against the shared clips, both as predicted now; where too few are shared, against
    the baseline as it was predicted then. Definitions: `docs/explanation/drift.md`.

    Args:
        then: the baseline.
        now: the night.
        min_clips: fewest clips on either side for a part to be judged.
        draws: of every permutation and bootstrap.
        seed: of both.
    """
    then, now = then.sorted_by_id(), now.sorted_by_id()
    min_clips = max(1, min_clips)
    stays, seen = np.isin(then.clip_ids, now.clip_ids), np.isin(now.clip_ids, then.clip_ids)
    before, after, new = then.take(stays), now.take(seen), now.take(~seen)
    paired = _model_part(before, after, min_clips=min_clips, draws=draws, seed=seed)
    old, reason = _old_clips(then, after, new, min_clips=min_clips)
    unpaired = _population_part(old, new, reason, min_clips=min_clips, draws=draws, seed=seed)
    return PerformanceDrift(
        changes=(*paired, *unpaired),
        clips_then=len(then),
        clips_now=len(now),
        shared=len(after),
        new=len(new),
        gone=len(then) - len(before),
        accuracy_then=figures(then).accuracy.estimate,
        accuracy_now=figures(now).accuracy.estimate,
        model_part=float((after.correct - before.correct).sum()) / max(1, len(now)),
    )


def _model_part(
    before: ScoredClips, after: ScoredClips, *, min_clips: int, draws: int, seed: int
) -> tuple[Change, ...]:
    if len(after) < min_clips:
        reason = f"{len(after)} of the {min_clips} shared clips needed"
        seen = _figures(before, after)
        return not_judged(MODEL_CHANGE, seen, (len(before), len(after)), reason)
    return model_change(before, after, draws=draws, rng=np.random.default_rng([seed, 1]))


def _old_clips(
    then: ScoredClips, after: ScoredClips, new: ScoredClips, *, min_clips: int
) -> tuple[ScoredClips, str]:
    """The old clips that new ones are compared with, and what to know about that.

    The shared clips as predicted now; the baseline as predicted then where these are too few and
    it has more.
    """
    left, before = comparable(after, new), comparable(then, new)
    if len(left) >= min_clips or len(before) <= len(left):
        return left, ""
    return before, _AGAINST_THE_BASELINE.format(left=len(left) or "no")


def _population_part(
    old: ScoredClips, new: ScoredClips, reason: str, *, min_clips: int, draws: int, seed: int
) -> tuple[Change, ...]:
    if min(len(old), len(new)) < min_clips:
        side, found = ("new", new) if len(new) < min_clips else ("comparable old", old)
        reason = (
            f"{len(found)} of the {min_clips} {side} clips needed" if len(new) else "no new clips"
        )
        return not_judged(POPULATION_CHANGE, _figures(old, new), (len(old), len(new)), reason)
    reason = "; ".join(each for each in (reason, lonely_strata(old, new)) if each)
    rng = np.random.default_rng([seed, 2])
    return population_change(old, new, draws=draws, rng=rng, reason=reason)


def _figures(then: ScoredClips, now: ScoredClips) -> dict[str, tuple[float, float]]:
    first, second = figures(then), figures(now)
    return {
        ACCURACY: (first.accuracy.estimate, second.accuracy.estimate),
        LOSS: (first.mean_loss.estimate, second.mean_loss.estimate),
        CALIBRATION: (first.calibration_error, second.calibration_error),
    }
