"""Performance drift since a baseline, split into model change and population change.

Splitting clips into shared, new and gone ones and the decomposition belong here; the tests are in
`model_change` and `population_change`, what is alarming is in `evaluation`.
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
    untested_changes,
)
from insight_dagster.analysis.drift.performance.metrics import performance_metrics
from insight_dagster.analysis.drift.performance.model_change import model_change
from insight_dagster.analysis.drift.performance.population_change import (
    comparable_clips,
    population_change,
    unmatched_strata_note,
)
from insight_dagster.analysis.drift.performance.scored_clips import ScoredClips
from insight_dagster.settings.thresholds import MIN_CLIPS

_AGAINST_THE_BASELINE = (
    "{left} comparable clips of the baseline are left: new clips are compared with the baseline's "
    "own predictions, so that a changed model cannot be distinguished from changed clips"
)


@dataclass(frozen=True)
class PerformanceDrift:
    """Change of performance since the baseline.

    Attributes:
        changes: one per part and metric.
        baseline_clips, current_clips: clips in the baseline and now.
        shared, new, gone: clips in both, only now, only in the baseline.
        baseline_accuracy, current_accuracy: over all clips of each, 0..1; NaN without clips.
        model_part: part of `accuracy_change` that is due to changed predictions of the shared
            clips: shared / current_clips * (their accuracy now - their accuracy in the baseline).
        left_out: classes that were not compared, because they have no old clips.

    Raises:
        ValueError: the numbers of clips do not add up.
    """

    changes: tuple[Change, ...]
    baseline_clips: int
    current_clips: int
    shared: int
    new: int
    gone: int
    baseline_accuracy: float
    current_accuracy: float
    model_part: float
    left_out: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        sums = self.shared + self.gone, self.shared + self.new
        if sums != (self.baseline_clips, self.current_clips):
            raise ValueError(
                f"{self.shared} shared, {self.new} new and {self.gone} gone clips do not add up to "
                f"{self.baseline_clips} baseline clips and {self.current_clips} current clips"
            )

    @property
    def accuracy_change(self) -> float:
        """Current minus baseline accuracy, over all clips; negative is worse."""
        return self.current_accuracy - self.baseline_accuracy

    @property
    def population_part(self) -> float:
        """Part of `accuracy_change` that is due to new and gone clips."""
        return self.accuracy_change - self.model_part

    def change(self, part: str, metric: str) -> Change:
        """Return the change of one part in one metric."""
        found = {(each.part, each.metric): each for each in self.changes}
        return found[part, metric]


def performance_drift(
    baseline: ScoredClips,
    current: ScoredClips,
    *,
    min_clips: int = MIN_CLIPS,
    draws: int = 1_999,
    seed: int = 0,
) -> PerformanceDrift:
    """Compare current clips with baseline clips; the row order does not matter.

    Model change: clips in both, their predictions in the baseline compared with those of now.
    Population change: new clips compared with the shared clips, both as predicted now; with too few
    shared clips, compared with the baseline as predicted then. Definitions:
    `docs/explanation/drift.md`.

    Args:
        baseline: clips as predicted in the baseline.
        current: clips as predicted now.
        min_clips: smallest number of clips on either side for a part to be tested.
        draws: number of draws of every permutation test and bootstrap.
        seed: seed of the draws; the same clips and seed give the same result.
    """
    baseline, current = baseline.sorted_by_id(), current.sorted_by_id()
    min_clips = max(1, min_clips)
    stays = np.isin(baseline.clip_ids, current.clip_ids)
    seen = np.isin(current.clip_ids, baseline.clip_ids)
    before, after, new = baseline.take(stays), current.take(seen), current.take(~seen)
    paired = _model_part(before, after, min_clips=min_clips, draws=draws, seed=seed)
    old, reason = _old_clips(baseline, after, new, min_clips=min_clips)
    unpaired = _population_part(old, new, reason, min_clips=min_clips, draws=draws, seed=seed)
    return PerformanceDrift(
        changes=(*paired, *unpaired),
        baseline_clips=len(baseline),
        current_clips=len(current),
        shared=len(after),
        new=len(new),
        gone=len(baseline) - len(before),
        baseline_accuracy=performance_metrics(baseline).accuracy.estimate,
        current_accuracy=performance_metrics(current).accuracy.estimate,
        model_part=float((after.correct - before.correct).sum()) / max(1, len(current)),
    )


def _model_part(
    before: ScoredClips, after: ScoredClips, *, min_clips: int, draws: int, seed: int
) -> tuple[Change, ...]:
    if len(after) < min_clips:
        reason = f"{len(after)} of the {min_clips} shared clips needed"
        values = _metric_values(before, after)
        return untested_changes(MODEL_CHANGE, values, (len(before), len(after)), reason)
    return model_change(before, after, draws=draws, rng=np.random.default_rng([seed, 1]))


def _old_clips(
    baseline: ScoredClips, after: ScoredClips, new: ScoredClips, *, min_clips: int
) -> tuple[ScoredClips, str]:
    """Return the old clips that new clips are compared with, and a remark on that choice.

    These are the shared clips as predicted now, or, if they are too few and the baseline has more,
    the baseline's clips as predicted then.
    """
    left, before = comparable_clips(after, new), comparable_clips(baseline, new)
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
        values = _metric_values(old, new)
        return untested_changes(POPULATION_CHANGE, values, (len(old), len(new)), reason)
    reason = "; ".join(each for each in (reason, unmatched_strata_note(old, new)) if each)
    rng = np.random.default_rng([seed, 2])
    return population_change(old, new, draws=draws, rng=rng, reason=reason)


def _metric_values(old: ScoredClips, new: ScoredClips) -> dict[str, tuple[float, float]]:
    first, second = performance_metrics(old), performance_metrics(new)
    return {
        ACCURACY: (first.accuracy.estimate, second.accuracy.estimate),
        LOSS: (first.mean_loss.estimate, second.mean_loss.estimate),
        CALIBRATION: (first.calibration_error, second.calibration_error),
    }
