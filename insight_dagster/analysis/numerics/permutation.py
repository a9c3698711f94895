"""Tests, intervals and corrections that the insight kinds share.

Formulas on plain arrays belong here; what is tested and why does not (`insights/`).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import stats

Sums = Callable[[np.ndarray], np.ndarray]
"""(..., n) values to (..., g) sums over groups."""
_EULER = 0.5772156649015329


def permutation_p(observed: np.ndarray, null: np.ndarray) -> np.ndarray:
    """One-sided p-values (larger is stranger) with the +1 correction, never 0.

    Args:
        observed: (m,) statistics.
        null: (b,) null draws that every statistic is held against.

    Source: Phipson and Smyth, Stat. Appl. Genet. Mol. Biol. 9 (2010) 39.
    """
    null = np.sort(np.asarray(null, np.float64))
    at_least = len(null) - np.searchsorted(null, np.asarray(observed, np.float64), side="left")
    return (at_least + 1.0) / (len(null) + 1.0)


def gumbel_tail_p(observed: float, maxima: np.ndarray) -> float:
    """P(maximum >= observed) under a Gumbel law fitted to (b,) null maxima by moments.

    A maximum over many places has a Gumbel tail; the fit resolves p-values below 1 / b. The
    empirical p is returned where it is the larger of the two.
    """
    maxima = np.asarray(maxima, np.float64)
    spread = maxima.std(ddof=1) if len(maxima) > 1 else 0.0
    empirical = float(permutation_p(np.array([observed]), maxima)[0])
    if spread == 0:
        return empirical
    scale = spread * np.sqrt(6) / np.pi
    tail = float(stats.gumbel_r.sf(observed, maxima.mean() - _EULER * scale, scale))
    floor = 1.0 / (len(maxima) + 1)
    return tail if empirical <= floor else max(tail, empirical)


def stratified_permutations(
    values: np.ndarray, strata: np.ndarray, *, draws: int, rng: np.random.Generator
) -> np.ndarray:
    """(draws, n) copies of `values` (n,), each shuffled inside every stratum alone."""
    shuffled = np.tile(values, (draws, 1))
    for stratum in np.unique(strata):
        rows = np.flatnonzero(strata == stratum)
        shuffled[:, rows] = rng.permuted(shuffled[:, rows], axis=1)
    return shuffled


def rank_sum_permutation_p(
    values: np.ndarray, inside: np.ndarray, *, draws: int, rng: np.random.Generator
) -> np.ndarray:
    """Two-sided p (f,) of the rank sums of (n, f) values under random relabelling of the rows."""
    ranks = np.asarray(stats.rankdata(values, axis=0), np.float64)
    ranks -= ranks.mean(axis=0)
    observed = np.abs(ranks[inside].sum(axis=0))
    labels = rng.permuted(np.tile(inside.astype(np.float64), (draws, 1)), axis=1)
    at_least = (np.abs(labels @ ranks) >= observed - 1e-9).sum(axis=0)
    return (at_least + 1.0) / (draws + 1.0)


_SLACK = 1e-9


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
    empirical = float(permutation_p(np.array([reached]), null)[0])
    if spread <= max(rounding, _SLACK * float(np.abs(null).max(initial=0.0))):
        return empirical
    skewness = max(0.0, float(stats.skew(null)))
    tail = float(stats.pearson3.sf(observed, skewness, null.mean(), spread))
    return tail if empirical <= 1 / (len(null) + 1) else max(tail, empirical)
