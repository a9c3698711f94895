"""Permutation tests: relabelling within strata, and p-values from null draws.

P-values below the resolution of the draws (fitted tails) belong here too; bootstrap samples
(`resampling`) and corrections (`multiple_testing`) do not.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import stats

Sums = Callable[[np.ndarray], np.ndarray]
"""(..., n) values to (..., g) sums over groups."""
_TIE_TOLERANCE = 1e-9


def stratified_permutations(
    values: np.ndarray, strata: np.ndarray, *, draws: int, rng: np.random.Generator
) -> np.ndarray:
    """Return (draws, n) copies of `values` (n,), each permuted within every stratum."""
    shuffled = np.tile(values, (draws, 1))
    for stratum in np.unique(strata):
        rows = np.flatnonzero(strata == stratum)
        shuffled[:, rows] = rng.permuted(shuffled[:, rows], axis=1)
    return shuffled


def permutation_p(observed: np.ndarray, null: np.ndarray) -> np.ndarray:
    """Return one-sided p-values (larger is more extreme) with the +1 correction, never 0.

    Args:
        observed: (m,) statistics.
        null: (b,) null draws that every statistic is compared with.

    Source: Phipson and Smyth, Stat. Appl. Genet. Mol. Biol. 9 (2010) 39.
    """
    null = np.sort(np.asarray(null, np.float64))
    at_least = len(null) - np.searchsorted(null, np.asarray(observed, np.float64), side="left")
    return (at_least + 1.0) / (len(null) + 1.0)


def rank_sum_permutation_p(
    values: np.ndarray, inside: np.ndarray, *, draws: int, rng: np.random.Generator
) -> np.ndarray:
    """Return two-sided p-values (f,) of the rank sums of (n, f) values under relabelling."""
    ranks = np.asarray(stats.rankdata(values, axis=0), np.float64)
    ranks -= ranks.mean(axis=0)
    observed = np.abs(ranks[inside].sum(axis=0))
    labels = rng.permuted(np.tile(inside.astype(np.float64), (draws, 1)), axis=1)
    at_least = (np.abs(labels @ ranks) >= observed - _TIE_TOLERANCE).sum(axis=0)
    return (at_least + 1.0) / (draws + 1.0)


def gumbel_tail_p(observed: float, maxima: np.ndarray) -> float:
    """Return P(maximum >= observed) under a Gumbel law fitted to null maxima by moments.

    A maximum over many candidates has a Gumbel tail, so the fit resolves p-values below 1 / b.
    Where a draw reaches the observed value, the larger of fitted and empirical p is returned.

    Args:
        observed: observed maximum.
        maxima: (b,) null draws of the maximum.
    """
    maxima = np.asarray(maxima, np.float64)
    spread = maxima.std(ddof=1) if len(maxima) > 1 else 0.0
    empirical = float(permutation_p(np.array([observed]), maxima)[0])
    if spread == 0:
        return empirical
    scale = spread * np.sqrt(6) / np.pi
    tail = float(stats.gumbel_r.sf(observed, maxima.mean() - np.euler_gamma * scale, scale))
    floor = 1.0 / (len(maxima) + 1)
    return tail if empirical <= floor else max(tail, empirical)


def tail_p(observed: float, null: np.ndarray, *, rounding: float = 0.0) -> float:
    """Return the one-sided p-value (larger is more extreme), also below 1 / draws.

    Corrected for many classes, a significance level lies far below what a few thousand draws
    resolve. Where no draw reaches the observed value, p is the tail of a Pearson type III law with
    the draws' mean, variance and skewness (negative skewness is set to 0, because a bounded tail
    would give too small a p). Elsewhere it is the larger of that tail and the share of draws with
    the +1 correction.

    Args:
        observed: observed statistic.
        null: (b,) null draws of the statistic.
        rounding: largest difference between statistics that may be rounding; such are ties.

    Source: Josse, Pages and Husson, Comput. Stat. Data Anal. 53 (2008) 82 (Pearson type III
    approximation of permutation distributions).
    """
    null = np.asarray(null, np.float64)
    spread = float(null.std())
    # Drawing the observed labelling again gives its statistic up to rounding: count it as a tie.
    reached = observed - max(rounding, _TIE_TOLERANCE * max(abs(observed), spread))
    empirical = float(permutation_p(np.array([reached]), null)[0])
    if spread <= max(rounding, _TIE_TOLERANCE * float(np.abs(null).max(initial=0.0))):
        return empirical
    skewness = max(0.0, float(stats.skew(null)))
    tail = float(stats.pearson3.sf(observed, skewness, null.mean(), spread))
    return tail if empirical <= 1 / (len(null) + 1) else max(tail, empirical)
