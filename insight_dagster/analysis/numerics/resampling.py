"""Random draws of clips in bounded memory, and p-values beyond what the draws resolve.

How labels and clips are drawn belongs here; which statistic is computed on a draw does not.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import stats

from insight_dagster.analysis.numerics import permutation as statistics

_ENTRIES = 4_000_000
_SLACK = 1e-9


def in_chunks(draw: Callable[[int], np.ndarray], *, draws: int, width: int) -> np.ndarray:
    """The rows of `draw(count)`, one a draw, made a few at a time so that memory stays bounded.

    Args:
        draw: returns (count, ...) statistics of that many draws.
        draws: rows wanted.
        width: entries that a draw needs while its statistic is computed.
    """
    step = max(1, _ENTRIES // max(1, width))
    return np.concatenate([draw(min(step, draws - start)) for start in range(0, draws, step)])


def bootstrap_weights(groups: np.ndarray, *, draws: int, rng: np.random.Generator) -> np.ndarray:
    """(draws, n) how often each clip is drawn when every group (n,) is resampled by itself."""
    weights = np.empty((draws, len(groups)))
    _, number, counts = np.unique(groups, return_inverse=True, return_counts=True)
    for rows in np.split(np.argsort(number, kind="stable"), np.cumsum(counts)[:-1]):
        weights[:, rows] = rng.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), draws)
    return weights


def tail_p(observed: float, null: np.ndarray, *, rounding: float = 0.0) -> float:
    """One-sided p (larger is stranger) of a statistic that also resolves p below 1 / draws.

    Corrected for many classes, a level lies far below what a few thousand draws resolve. Where no
    draw reaches the observed value, the tail of a Pearson type III law with the draws' mean,
    variance and skewness is returned (skewness not below 0: a bounded tail would promise too
    much); elsewhere the larger of that tail and the share of draws (with the +1 correction).

    Args:
        observed: the statistic.
        null: (b,) its null draws.
        rounding: differences between statistics that are this small may be rounding: ties.

    Source: Josse, Pages and Husson, Comput. Stat. Data Anal. 53 (2008) 82 (Pearson type III
    approximation of permutation laws).
    """
    null = np.asarray(null, np.float64)
    spread = float(null.std())
    # The same labelling drawn again gives the same statistic up to rounding: it counts as a tie.
    reached = observed - max(rounding, _SLACK * max(abs(observed), spread))
    empirical = float(statistics.permutation_p(np.array([reached]), null)[0])
    if spread <= max(rounding, _SLACK * float(np.abs(null).max(initial=0.0))):
        return empirical
    skewness = max(0.0, float(stats.skew(null)))
    tail = float(stats.pearson3.sf(observed, skewness, null.mean(), spread))
    return tail if empirical <= 1 / (len(null) + 1) else max(tail, empirical)
