"""Model change: the same clips, as predicted in the baseline and now.

Paired tests belong here; clips on one side only do not (`population_change`). Under the null
hypothesis the two predictions of a clip are exchangeable. With identical predictions every p is 1.
"""

from __future__ import annotations

import numpy as np
from scipy import stats

from insight_dagster.analysis.drift.performance.change import (
    ACCURACY,
    CALIBRATION,
    LOSS,
    METRICS,
    MODEL_CHANGE,
    Change,
)
from insight_dagster.analysis.drift.performance.metrics import calibration_gaps
from insight_dagster.analysis.drift.performance.scored_clips import ScoredClips
from insight_dagster.analysis.numerics.intervals import percentile_interval
from insight_dagster.analysis.numerics.permutation import tail_p
from insight_dagster.analysis.numerics.resampling import bootstrap_weights, in_chunks


def model_change(
    baseline: ScoredClips, current: ScoredClips, *, draws: int, rng: np.random.Generator
) -> tuple[Change, ...]:
    """Test whether the same clips are predicted worse now, and return one change per metric.

    Accuracy: exact one-sided McNemar test. Loss: mean difference under random sign flips.
    Calibration: difference of the errors under random swaps of the two predictions of a clip.
    Intervals: bootstrap over clips.

    Args:
        baseline: predictions in the baseline.
        current: predictions of the same clips now, in the same order.
        draws: number of random flips and of bootstrap samples.
        rng: random generator of both.

    Raises:
        ValueError: the clips differ.
    """
    if not np.array_equal(baseline.clip_ids, current.clip_ids):
        raise ValueError("baseline and current must hold the same clips in the same order")
    rises = np.column_stack([baseline.correct - current.correct, current.loss - baseline.loss])
    gaps = _gaps(baseline), _gaps(current)
    flipped = _swapped(rises[:, 1], *gaps, draws=draws, rng=rng)
    resampled = _resampled(rises, *gaps, draws=draws, rng=rng)
    errors = [float(np.abs(each.sum(axis=0)).sum() / len(each)) for each in gaps]
    effects = [*rises.mean(axis=0), errors[1] - errors[0]]
    p_values = (
        mcnemar_p(baseline.correct, current.correct),
        max(_smallest_flip_p(rises[:, 1]), tail_p(effects[1], flipped[:, 0])),
        tail_p(effects[2], flipped[:, 1]),
    )
    values = {
        ACCURACY: (baseline.correct.mean(), current.correct.mean()),
        LOSS: (baseline.loss.mean(), current.loss.mean()),
        CALIBRATION: errors,
    }
    return tuple(
        Change(
            MODEL_CHANGE,
            metric,
            len(baseline),
            len(current),
            float(values[metric][0]),
            float(values[metric][1]),
            float(effects[column]),
            *percentile_interval(resampled[:, column]),
            min(1.0, p_values[column]),
        )
        for column, metric in enumerate(METRICS)
    )


def mcnemar_p(baseline: np.ndarray, current: np.ndarray) -> float:
    """Return the exact one-sided p-value of McNemar's test that more clips got wrong than right.

    Args:
        baseline: (n,) float, 1 correct, 0 wrong.
        current: (n,) float of the same clips.

    Source: McNemar, Psychometrika 12 (1947) 153, with the exact binomial distribution.
    """
    lost = int(((baseline == 1) & (current == 0)).sum())
    won = int(((baseline == 0) & (current == 1)).sum())
    return (
        float(stats.binomtest(lost, lost + won, alternative="greater").pvalue)
        if lost + won
        else 1.0
    )


def _smallest_flip_p(differences: np.ndarray) -> float:
    """Return the smallest p-value that sign flips can give: only non-zero differences count."""
    return float(0.5 ** np.count_nonzero(differences))


def _gaps(clips: ScoredClips) -> np.ndarray:
    return calibration_gaps(clips.confidence, clips.correct)


def _swapped(
    loss_rise: np.ndarray,
    baseline_gaps: np.ndarray,
    current_gaps: np.ndarray,
    *,
    draws: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return (draws, 2) rises of loss and calibration error with predictions swapped at random."""
    count = len(loss_rise)
    sums = baseline_gaps.sum(axis=0), current_gaps.sum(axis=0)

    def draw(size: int) -> np.ndarray:
        swap = rng.integers(0, 2, (size, count)).astype(np.float64)
        moved = swap @ (baseline_gaps - current_gaps)
        errors = np.abs(sums[1] + moved).sum(axis=1) - np.abs(sums[0] - moved).sum(axis=1)
        return np.column_stack([(1 - 2 * swap) @ loss_rise, errors]) / count

    return in_chunks(draw, draws=draws, width=count)


def _resampled(
    rises: np.ndarray,
    baseline_gaps: np.ndarray,
    current_gaps: np.ndarray,
    *,
    draws: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return (draws, 3) effects on bootstrap samples of the clips."""
    count = len(rises)

    def draw(size: int) -> np.ndarray:
        weights = bootstrap_weights(np.zeros(count), draws=size, rng=rng)
        errors = np.abs(weights @ current_gaps).sum(axis=1) - np.abs(weights @ baseline_gaps).sum(
            axis=1
        )
        return np.column_stack([weights @ rises, errors]) / count

    return in_chunks(draw, draws=draws, width=count)
