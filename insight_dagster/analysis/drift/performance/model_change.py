"""The same clips, predicted then and now: what a changed model or pipeline did to them.

Paired tests belong here; clips that only one night has do not (`population_change`). The null is
that then and now are alike: either prediction of a clip could have been the earlier one. With the
same predictions every p is 1.
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
from insight_dagster.analysis.drift.performance.figures import calibration_gaps
from insight_dagster.analysis.drift.performance.scored_clips import ScoredClips
from insight_dagster.analysis.numerics.intervals import percentile_interval
from insight_dagster.analysis.numerics.permutation import tail_p
from insight_dagster.analysis.numerics.resampling import bootstrap_weights, in_chunks


def model_change(
    then: ScoredClips, now: ScoredClips, *, draws: int, rng: np.random.Generator
) -> tuple[Change, ...]:
    """One change a metric between two predictions of the same n clips, row by row.

    Accuracy: exact one-sided McNemar test. Loss: mean difference under random sign flips.
    Calibration: difference of the errors under random swaps of then and now within the clips.
    Intervals: bootstrap over clips.

    Args:
        then: predictions of the baseline.
        now: predictions of the same clips in the same order.
        draws: of the flips and of the bootstrap.
        rng: of both.

    Raises:
        ValueError: the clips differ.
    """
    if not np.array_equal(then.clip_ids, now.clip_ids):
        raise ValueError("a model change needs the same clips in the same order")
    rises = np.column_stack([then.correct - now.correct, now.loss - then.loss])
    gaps = _gaps(then), _gaps(now)
    flipped = _swapped(rises[:, 1], *gaps, draws=draws, rng=rng)
    resampled = _resampled(rises, *gaps, draws=draws, rng=rng)
    errors = [float(np.abs(each.sum(axis=0)).sum() / len(each)) for each in gaps]
    effects = [*rises.mean(axis=0), errors[1] - errors[0]]
    p_values = (
        mcnemar_p(then.correct, now.correct),
        max(_smallest_flip_p(rises[:, 1]), tail_p(effects[1], flipped[:, 0])),
        tail_p(effects[2], flipped[:, 1]),
    )
    figures = {
        ACCURACY: (then.correct.mean(), now.correct.mean()),
        LOSS: (then.loss.mean(), now.loss.mean()),
        CALIBRATION: errors,
    }
    return tuple(
        Change(
            MODEL_CHANGE,
            metric,
            len(then),
            len(now),
            float(figures[metric][0]),
            float(figures[metric][1]),
            float(effects[column]),
            *percentile_interval(resampled[:, column]),
            min(1.0, p_values[column]),
        )
        for column, metric in enumerate(METRICS)
    )


def mcnemar_p(then: np.ndarray, now: np.ndarray) -> float:
    """P(as many clips or more turn from right to wrong) when turning either way is as likely.

    Args:
        then: (n,) float, 1 right, 0 wrong.
        now: (n,) float of the same clips.

    Source: McNemar, Psychometrika 12 (1947) 153, with the binomial law itself.
    """
    lost, won = int(((then == 1) & (now == 0)).sum()), int(((then == 0) & (now == 1)).sum())
    return (
        float(stats.binomtest(lost, lost + won, alternative="greater").pvalue)
        if lost + won
        else 1.0
    )


def _smallest_flip_p(differences: np.ndarray) -> float:
    """Smallest p that sign flips can give: only clips that differ can be flipped."""
    return float(0.5 ** np.count_nonzero(differences))


def _gaps(clips: ScoredClips) -> np.ndarray:
    return calibration_gaps(clips.confidence, clips.correct)


def _swapped(
    loss_rise: np.ndarray,
    gaps_then: np.ndarray,
    gaps_now: np.ndarray,
    *,
    draws: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """(draws, 2) loss rise and calibration-error rise with then and now swapped at random."""
    count = len(loss_rise)
    sums = gaps_then.sum(axis=0), gaps_now.sum(axis=0)

    def draw(size: int) -> np.ndarray:
        swap = rng.integers(0, 2, (size, count)).astype(np.float64)
        moved = swap @ (gaps_then - gaps_now)
        errors = np.abs(sums[1] + moved).sum(axis=1) - np.abs(sums[0] - moved).sum(axis=1)
        return np.column_stack([(1 - 2 * swap) @ loss_rise, errors]) / count

    return in_chunks(draw, draws=draws, width=count)


def _resampled(
    rises: np.ndarray,
    gaps_then: np.ndarray,
    gaps_now: np.ndarray,
    *,
    draws: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """(draws, 3) effects of bootstrap samples of the clips."""
    count = len(rises)

    def draw(size: int) -> np.ndarray:
        weights = bootstrap_weights(np.zeros(count), draws=size, rng=rng)
        errors = np.abs(weights @ gaps_now).sum(axis=1) - np.abs(weights @ gaps_then).sum(axis=1)
        return np.column_stack([weights @ rises, errors]) / count

    return in_chunks(draw, draws=draws, width=count)
