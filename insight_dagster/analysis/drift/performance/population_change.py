"""Population change: new clips compared with old clips, both as predicted by the same model.

Unpaired tests within strata belong here; two predictions of one clip do not (`model_change`). Under
the null hypothesis the labels old and new are exchangeable within a stratum.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from insight_dagster.analysis.drift.performance.change import METRICS, POPULATION_CHANGE, Change
from insight_dagster.analysis.drift.performance.metrics import calibration_gaps
from insight_dagster.analysis.drift.performance.scored_clips import ScoredClips
from insight_dagster.analysis.numerics.intervals import percentile_interval
from insight_dagster.analysis.numerics.permutation import stratified_permutations, tail_p
from insight_dagster.analysis.numerics.resampling import bootstrap_weights, in_chunks


@dataclass(frozen=True)
class _PooledClips:
    """Old and new clips together.

    Attributes:
        strata: (n,) int.
        is_new: (n,) bool.
        costs: (n, 2) error (0/1) and loss; more is worse in both.
        gaps: (n, bins) calibration gaps.
    """

    strata: np.ndarray
    is_new: np.ndarray
    costs: np.ndarray
    gaps: np.ndarray


@dataclass(frozen=True)
class _Block:
    """Clips whose labels old and new are exchanged within their strata.

    Attributes:
        rows: (b,) int rows of the pooled clips.
        strata: (b,) int; each holds old and new clips.
    """

    rows: np.ndarray
    strata: np.ndarray


def comparable_clips(old: ScoredClips, new: ScoredClips) -> ScoredClips:
    """Return the old clips that new clips are compared with.

    These are the old clips of the strata that hold new clips; all old clips if a stratum has new
    clips only, or if there are no new clips.
    """
    if not len(new) or not np.isin(new.strata, old.strata).all():
        return old
    return old.take(np.isin(old.strata, new.strata))


def unmatched_strata_note(old: ScoredClips, new: ScoredClips) -> str:
    """Return a remark on new clips in strata without old clips; '' if there are none."""
    alone = new.strata[~np.isin(new.strata, old.strata)]
    if not len(alone):
        return ""
    names = ", ".join(sorted(set(alone.tolist()))) or "without a name"
    where = f"in splits without old clips ({names})"
    return f"{len(alone)} of them {where}: compared with all old clips"


def population_change(
    old: ScoredClips, new: ScoredClips, *, draws: int, rng: np.random.Generator, reason: str = ""
) -> tuple[Change, ...]:
    """Test whether new clips are predicted worse than old clips, and return one change per metric.

    Effect on accuracy and loss: difference of the means of old and new clips per stratum, weighted
    by the new clips in it. New clips in a stratum without old clips are compared with all old
    clips. Effect on calibration: error of the new clips minus error of the old clips, less its mean
    under the null hypothesis (smaller sets have larger errors by chance).

    The test statistic for accuracy and loss is the sum over new clips of the value minus its
    stratum's mean: exact for accuracy (`mantel_haenszel_p`), by permuting the labels old and new
    within strata for loss. Calibration is tested by the same permutations. New clips with and
    without old clips in their stratum are tested separately, and twice the smaller p is taken.

    Args:
        old: clips chosen by `comparable_clips`, at least one.
        new: new clips, at least one.
        draws: number of permutations and of bootstrap samples (within strata and sides).
        rng: random generator of both.
        reason: remark on the comparison, copied into the changes.
    """
    clips = _pooled(old, new)
    blocks = _blocks(clips)
    share = _mean_weights(clips, blocks)
    nulls = [_relabelled(clips, block, draws=draws, rng=rng) for block in blocks]
    observed = [_statistics(clips, block, clips.is_new[None, block.rows])[0] for block in blocks]
    expected = _mean_over_blocks(clips, blocks, [null[:, 1].mean() for null in nulls])
    rise = _mean_over_blocks(clips, blocks, [each[1] for each in observed])
    effects = np.append(share @ clips.costs, rise - expected)
    resampled = _resampled(clips, blocks, share, draws=draws, rng=rng)
    resampled[:, 2] += effects[2] - resampled[:, 2].mean()  # the bootstrap has the same bias
    tested = zip(blocks, observed, nulls, strict=True)
    p_values = np.min([_p_values(clips, *each) for each in tested], axis=0)
    old_values, new_values = _metric_values(clips, share)
    return tuple(
        Change(
            POPULATION_CHANGE,
            metric,
            len(old),
            len(new),
            old_values[column],
            new_values[column],
            float(effects[column]),
            *percentile_interval(resampled[:, column]),
            min(1.0, len(blocks) * float(p_values[column])),
            reason=reason,
        )
        for column, metric in enumerate(METRICS)
    )


def mantel_haenszel_p(correct: np.ndarray, is_new: np.ndarray, strata: np.ndarray) -> float:
    """Return the exact one-sided p-value that fewer of the new clips are correct, within strata.

    The number of correct new clips is a sum of independent hypergeometric counts.

    Args:
        correct: (n,) float, 1 correct, 0 wrong.
        is_new: (n,) bool.
        strata: (n,) stratum of each clip.

    Source: Mantel and Haenszel, J. Natl. Cancer Inst. 22 (1959) 719, with the exact distribution.
    """
    distribution = np.ones(1)
    for stratum in np.unique(strata):
        rows = strata == stratum
        total, right, new = rows.sum(), correct[rows].sum(), is_new[rows].sum()
        counts = stats.hypergeom.pmf(np.arange(new + 1), total, right, new)
        distribution = np.convolve(distribution, counts)
    return min(1.0, float(distribution[: int(correct[is_new].sum()) + 1].sum()))


def _pooled(old: ScoredClips, new: ScoredClips) -> _PooledClips:
    both = [
        np.concatenate([getattr(old, name), getattr(new, name)])
        for name in ("strata", "correct", "loss", "confidence")
    ]
    return _PooledClips(
        strata=np.unique(both[0], return_inverse=True)[1],
        is_new=np.arange(len(both[0])) >= len(old),
        costs=np.column_stack([1 - both[1], both[2]]),
        gaps=calibration_gaps(both[3], both[1]),
    )


def _blocks(clips: _PooledClips) -> list[_Block]:
    """Return blocks of new clips with old clips in their stratum, and of the other new clips."""
    old, new = ~clips.is_new, clips.is_new
    known = np.isin(clips.strata, clips.strata[old]) & np.isin(clips.strata, clips.strata[new])
    alone = new & ~known
    blocks = []
    if known.any():
        rows = np.flatnonzero(known)
        blocks.append(_Block(rows, clips.strata[rows]))
    if alone.any():
        rows = np.flatnonzero(alone | old)
        blocks.append(_Block(rows, np.zeros(len(rows), np.int64)))
    return blocks


def _mean_weights(clips: _PooledClips, blocks: list[_Block]) -> np.ndarray:
    """Return (n,) weights that sum values to the weighted difference new minus old."""
    weights = clips.is_new / clips.is_new.sum()
    for block in blocks:
        is_new = clips.is_new[block.rows]
        for stratum in np.unique(block.strata):
            here = block.strata == stratum
            old = here & ~is_new
            weights[block.rows[old]] -= (here & is_new).sum() / clips.is_new.sum() / old.sum()
    return weights


def _statistics(clips: _PooledClips, block: _Block, is_new: np.ndarray) -> np.ndarray:
    """Return (d, 2) loss score and calibration-error rise of d labellings (d, b) of a block."""
    loss = clips.costs[block.rows, 1].copy()
    for stratum in np.unique(block.strata):
        here = block.strata == stratum
        loss[here] -= loss[here].mean()
    return np.column_stack([is_new @ loss, _error_rise(clips.gaps[block.rows], is_new, 1 - is_new)])


def _error_rise(gaps: np.ndarray, new: np.ndarray, old: np.ndarray) -> np.ndarray:
    """Return (d,) calibration errors of new minus old clips, given their weights (d, b)."""
    errors = [np.abs(each @ gaps).sum(axis=1) / each.sum(axis=1) for each in (new, old)]
    return errors[0] - errors[1]


def _relabelled(
    clips: _PooledClips, block: _Block, *, draws: int, rng: np.random.Generator
) -> np.ndarray:
    """Return (draws, 2) statistics with the labels old and new permuted within strata."""
    is_new = clips.is_new[block.rows].astype(np.float64)

    def draw(size: int) -> np.ndarray:
        shuffled = stratified_permutations(is_new, block.strata, draws=size, rng=rng)
        return _statistics(clips, block, shuffled)

    return in_chunks(draw, draws=draws, width=len(is_new))


def _resampled(
    clips: _PooledClips,
    blocks: list[_Block],
    share: np.ndarray,
    *,
    draws: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return (draws, 3) raw effects on bootstrap samples, drawn within strata and sides."""
    sides = 2 * clips.strata + clips.is_new

    def draw(size: int) -> np.ndarray:
        weights = bootstrap_weights(sides, draws=size, rng=rng)
        rises = []
        for block in blocks:
            drawn, new = weights[:, block.rows], clips.is_new[block.rows]
            rises.append(_error_rise(clips.gaps[block.rows], drawn * new, drawn * ~new))
        rise = _mean_over_blocks(clips, blocks, rises)
        return np.column_stack([(weights * share) @ clips.costs, rise])

    return in_chunks(draw, draws=draws, width=len(share))


def _mean_over_blocks(clips: _PooledClips, blocks: list[_Block], values: list) -> np.ndarray:
    """Return the mean of one value per block, weighted by the block's new clips."""
    counts = [clips.is_new[block.rows].sum() for block in blocks]
    return np.average(np.array(values), axis=0, weights=counts)


def _p_values(
    clips: _PooledClips, block: _Block, observed: np.ndarray, null: np.ndarray
) -> tuple[float, float, float]:
    right = 1 - clips.costs[block.rows, 0]
    return (
        mantel_haenszel_p(right, clips.is_new[block.rows], block.strata),
        tail_p(float(observed[0]), null[:, 0]),
        tail_p(float(observed[1]), null[:, 1]),
    )


def _metric_values(clips: _PooledClips, share: np.ndarray) -> tuple[list[float], list[float]]:
    """Return accuracy, loss and calibration error of old clips (in new strata) and new clips."""
    old, new = ~clips.is_new, clips.is_new
    old_costs, new_costs = -share[old] @ clips.costs[old], clips.costs[new].mean(axis=0)
    errors = [np.abs(clips.gaps[side].sum(axis=0)).sum() / side.sum() for side in (old, new)]
    return (
        [1 - float(old_costs[0]), float(old_costs[1]), float(errors[0])],
        [1 - float(new_costs[0]), float(new_costs[1]), float(errors[1])],
    )
