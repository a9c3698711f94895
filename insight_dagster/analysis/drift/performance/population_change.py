"""New clips beside old clips under the same model: what a changed population did.

Unpaired tests within strata belong here; two predictions of one clip do not (`model_change`). The
null is that, within a stratum, any of its clips could have been the new ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from insight_dagster.analysis.drift.performance.change import METRICS, POPULATION_CHANGE, Change
from insight_dagster.analysis.drift.performance.figures import calibration_gaps
from insight_dagster.analysis.drift.performance.scored_clips import ScoredClips
from insight_dagster.analysis.numerics.intervals import percentile_interval
from insight_dagster.analysis.numerics.permutation import stratified_permutations, tail_p
from insight_dagster.analysis.numerics.resampling import bootstrap_weights, in_chunks


@dataclass(frozen=True)
class _Clips:
    """Old and new clips in one table.

    Attributes:
        strata: (n,) int.
        is_new: (n,) bool.
        badness: (n, 2) wrong (0/1) and loss: more is worse in both.
        gaps: (n, bins) of the calibration error.
    """

    strata: np.ndarray
    is_new: np.ndarray
    badness: np.ndarray
    gaps: np.ndarray


@dataclass(frozen=True)
class _Block:
    """Clips whose labels old and new may be exchanged within their strata.

    Attributes:
        rows: (b,) int rows of the table.
        strata: (b,) int; each holds old and new clips.
    """

    rows: np.ndarray
    strata: np.ndarray


def comparable(old: ScoredClips, new: ScoredClips) -> ScoredClips:
    """The old clips that new ones are compared with.

    Those of the strata that new clips are in; all of them when a stratum has new clips alone, or
    when there are no new clips.
    """
    if not len(new) or not np.isin(new.strata, old.strata).all():
        return old
    return old.take(np.isin(old.strata, new.strata))


def lonely_strata(old: ScoredClips, new: ScoredClips) -> str:
    """That new clips of strata without old ones are compared with all old clips; '' if none are."""
    alone = new.strata[~np.isin(new.strata, old.strata)]
    if not len(alone):
        return ""
    names = ", ".join(sorted(set(alone.tolist()))) or "without a name"
    return f"{len(alone)} of them in splits without old clips ({names}): held against all old clips"


def population_change(
    old: ScoredClips, new: ScoredClips, *, draws: int, rng: np.random.Generator, reason: str = ""
) -> tuple[Change, ...]:
    """One change a metric between old and new clips, within strata.

    Effect on accuracy and loss: old mean against new mean per stratum, weighted by the new clips
    in it; new clips in a stratum without old ones are compared with all old clips. Effect on
    calibration: error of the new minus error of the old clips, less its mean under the null (a
    smaller set has the larger error by chance).

    Tested is, for accuracy and loss, the sum over new clips of the value minus its stratum's mean,
    for accuracy by its exact law (Mantel-Haenszel with exact hypergeometric margins), for loss and
    calibration by permuting the labels old and new within strata. New clips with and without a
    stratum of old ones are tested apart, and twice the smaller p is taken.

    Args:
        old: clips as in `comparable`, at least one.
        new: other clips, at least one.
        draws: of the permutations and of the bootstrap (within strata and sides).
        rng: of both.
        reason: what to know about the comparison, copied into the changes.
    """
    clips = _joined(old, new)
    blocks = _blocks(clips)
    share = _mean_weights(clips, blocks)
    nulls = [_relabelled(clips, block, draws=draws, rng=rng) for block in blocks]
    observed = [_statistics(clips, block, clips.is_new[None, block.rows])[0] for block in blocks]
    expected = _over_blocks(clips, blocks, [null[:, 1].mean() for null in nulls])
    rise = _over_blocks(clips, blocks, [each[1] for each in observed])
    effects = np.append(share @ clips.badness, rise - expected)
    resampled = _resampled(clips, blocks, share, draws=draws, rng=rng)
    resampled[:, 2] += effects[2] - resampled[:, 2].mean()  # a bootstrap repeats the bias
    tested = zip(blocks, observed, nulls, strict=True)
    p_values = np.min([_p_values(clips, *each) for each in tested], axis=0)
    then, now = _figures(clips, share)
    return tuple(
        Change(
            POPULATION_CHANGE,
            metric,
            len(old),
            len(new),
            then[column],
            now[column],
            float(effects[column]),
            *percentile_interval(resampled[:, column]),
            min(1.0, len(blocks) * float(p_values[column])),
            reason=reason,
        )
        for column, metric in enumerate(METRICS)
    )


def fewer_right_p(correct: np.ndarray, is_new: np.ndarray, strata: np.ndarray) -> float:
    """P(as few or fewer of the new clips are right) when labels are exchanged within strata.

    Exact: the sum of independent hypergeometric counts.

    Args:
        correct: (n,) float, 1 right, 0 wrong.
        is_new: (n,) bool.
        strata: (n,) groups.

    Source: Mantel and Haenszel, J. Natl. Cancer Inst. 22 (1959) 719, with the exact law.
    """
    law = np.ones(1)
    for stratum in np.unique(strata):
        rows = strata == stratum
        total, right, new = rows.sum(), correct[rows].sum(), is_new[rows].sum()
        law = np.convolve(law, stats.hypergeom.pmf(np.arange(new + 1), total, right, new))
    return min(1.0, float(law[: int(correct[is_new].sum()) + 1].sum()))


def _joined(old: ScoredClips, new: ScoredClips) -> _Clips:
    both = [
        np.concatenate([getattr(old, name), getattr(new, name)])
        for name in ("strata", "correct", "loss", "confidence")
    ]
    return _Clips(
        strata=np.unique(both[0], return_inverse=True)[1],
        is_new=np.arange(len(both[0])) >= len(old),
        badness=np.column_stack([1 - both[1], both[2]]),
        gaps=calibration_gaps(both[3], both[1]),
    )


def _blocks(clips: _Clips) -> list[_Block]:
    """New clips with old ones in their stratum, and those without beside all old clips."""
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


def _mean_weights(clips: _Clips, blocks: list[_Block]) -> np.ndarray:
    """(n,) weights whose sum over the values is the weighted difference new minus old."""
    weights = clips.is_new / clips.is_new.sum()
    for block in blocks:
        is_new = clips.is_new[block.rows]
        for stratum in np.unique(block.strata):
            here = block.strata == stratum
            old = here & ~is_new
            weights[block.rows[old]] -= (here & is_new).sum() / clips.is_new.sum() / old.sum()
    return weights


def _statistics(clips: _Clips, block: _Block, is_new: np.ndarray) -> np.ndarray:
    """(d, 2) loss score and calibration-error rise of d labellings (d, b) of a block."""
    loss = clips.badness[block.rows, 1].copy()
    for stratum in np.unique(block.strata):
        here = block.strata == stratum
        loss[here] -= loss[here].mean()
    return np.column_stack([is_new @ loss, _error_rise(clips.gaps[block.rows], is_new, 1 - is_new)])


def _error_rise(gaps: np.ndarray, new: np.ndarray, old: np.ndarray) -> np.ndarray:
    """(d,) calibration error of the new minus that of the old clips, weights (d, b)."""
    errors = [np.abs(each @ gaps).sum(axis=1) / each.sum(axis=1) for each in (new, old)]
    return errors[0] - errors[1]


def _relabelled(
    clips: _Clips, block: _Block, *, draws: int, rng: np.random.Generator
) -> np.ndarray:
    """(draws, 2) statistics with the labels old and new permuted within strata."""
    is_new = clips.is_new[block.rows].astype(np.float64)

    def draw(size: int) -> np.ndarray:
        shuffled = stratified_permutations(is_new, block.strata, draws=size, rng=rng)
        return _statistics(clips, block, shuffled)

    return in_chunks(draw, draws=draws, width=len(is_new))


def _resampled(
    clips: _Clips,
    blocks: list[_Block],
    share: np.ndarray,
    *,
    draws: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """(draws, 3) raw effects of bootstrap samples, drawn within strata and sides."""
    sides = 2 * clips.strata + clips.is_new

    def draw(size: int) -> np.ndarray:
        weights = bootstrap_weights(sides, draws=size, rng=rng)
        rises = []
        for block in blocks:
            drawn, new = weights[:, block.rows], clips.is_new[block.rows]
            rises.append(_error_rise(clips.gaps[block.rows], drawn * new, drawn * ~new))
        rise = _over_blocks(clips, blocks, rises)
        return np.column_stack([(weights * share) @ clips.badness, rise])

    return in_chunks(draw, draws=draws, width=len(share))


def _over_blocks(clips: _Clips, blocks: list[_Block], values: list) -> np.ndarray:
    """Mean of one value a block, weighted by the block's new clips."""
    counts = [clips.is_new[block.rows].sum() for block in blocks]
    return np.average(np.array(values), axis=0, weights=counts)


def _p_values(
    clips: _Clips, block: _Block, observed: np.ndarray, null: np.ndarray
) -> tuple[float, float, float]:
    right = 1 - clips.badness[block.rows, 0]
    return (
        fewer_right_p(right, clips.is_new[block.rows], block.strata),
        tail_p(float(observed[0]), null[:, 0]),
        tail_p(float(observed[1]), null[:, 1]),
    )


def _figures(clips: _Clips, share: np.ndarray) -> tuple[list[float], list[float]]:
    """Accuracy, loss and calibration error of the old (to the new's strata) and the new clips."""
    old, new = ~clips.is_new, clips.is_new
    then, now = -share[old] @ clips.badness[old], clips.badness[new].mean(axis=0)
    errors = [np.abs(clips.gaps[side].sum(axis=0)).sum() / side.sum() for side in (old, new)]
    return (
        [1 - float(then[0]), float(then[1]), float(errors[0])],
        [1 - float(now[0]), float(now[1]), float(errors[1])],
    )
