"""Tests, intervals and corrections that the insight kinds share.

Formulas on plain arrays belong here; what is tested and why does not (`insights/`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

CONFIDENCE = 0.95
Sums = Callable[[np.ndarray], np.ndarray]
"""(..., n) values to (..., g) sums over groups."""
_EULER = 0.5772156649015329


@dataclass(frozen=True)
class Interval:
    """An estimate with its two-sided 95 % interval."""

    estimate: float
    low: float
    high: float


def benjamini_hochberg(p_values: np.ndarray) -> np.ndarray:
    """False-discovery-rate q-values of (m,) p-values; NaN stays NaN and is not counted.

    Source: Benjamini and Hochberg, J. R. Stat. Soc. B 57 (1995) 289.
    """
    p_values = np.asarray(p_values, np.float64)
    q_values = np.full(p_values.shape, np.nan)
    known = np.flatnonzero(~np.isnan(p_values))
    if known.size:
        order = known[np.argsort(p_values[known], kind="stable")]
        scaled = p_values[order] * known.size / np.arange(1, known.size + 1)
        q_values[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return q_values


def selective_q(questions: Sequence[np.ndarray], families: Sequence[str]) -> list[np.ndarray]:
    """q-values of findings that answer separate questions, over all of them.

    The families share the error rate equally, the questions of a family share its part: a family
    that is asked for each of many classes does not outvote one that is asked once.

    Every question brings p-values that are corrected for what it looked at (family-wise), and
    counts once, with its smallest (1 if it found nothing), however many findings it has. A
    finding's q is the smallest rate at which its question is selected and its own p passes the
    level that selection leaves: p <= rate x questions selected / questions.

    Args:
        questions: (k,) p-values of each, k may be 0.
        families: of each question.

    Source: Benjamini and Bogomolov, J. R. Stat. Soc. B 76 (2014) 297; weights: Genovese, Roeder
    and Wasserman, Biometrika 93 (2006) 509.
    """
    _, family, counts = np.unique(list(families), return_inverse=True, return_counts=True)
    weights = len(families) / (len(counts) * counts[family])
    questions = [
        np.minimum(np.asarray(each, np.float64) / weight, 1.0)
        for each, weight in zip(questions, weights, strict=True)
    ]
    smallest = np.array([float(each.min(initial=1.0)) for each in questions])
    selected_at = benjamini_hochberg(smallest)
    order = np.argsort(smallest, kind="stable")
    ranks = np.arange(1, len(order) + 1)
    rates = selected_at[order]
    out = []
    for q_value, p_values in zip(selected_at, questions, strict=True):
        scaled = p_values[:, None] * len(order) / ranks
        passed = np.maximum(scaled, rates).min(axis=1, initial=1.0)
        out.append(np.maximum(passed, q_value))
    return out


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


def wilson(successes: float, trials: float) -> Interval:
    """A share with its Wilson score interval; (0, 1) when there were no trials."""
    if trials <= 0:
        return Interval(float("nan"), 0.0, 1.0)
    z = stats.norm.ppf(0.5 + CONFIDENCE / 2)
    share = successes / trials
    middle = (share + z**2 / (2 * trials)) / (1 + z**2 / trials)
    half = z / (1 + z**2 / trials)
    half *= np.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2))
    return Interval(share, max(0.0, middle - half), min(1.0, middle + half))


def mean_difference(inside: np.ndarray, outside: np.ndarray) -> Interval:
    """Mean of `inside` minus mean of `outside` with Welch's 95 % interval (NaN rows dropped)."""
    inside, outside = inside[~np.isnan(inside)], outside[~np.isnan(outside)]
    if len(inside) == 0 or len(outside) == 0:
        return Interval(float("nan"), float("-inf"), float("inf"))
    difference = float(inside.mean() - outside.mean())
    if len(inside) < 2 or len(outside) < 2:
        return Interval(difference, float("-inf"), float("inf"))
    parts = np.array([inside.var(ddof=1) / len(inside), outside.var(ddof=1) / len(outside)])
    if parts.sum() == 0:
        return Interval(difference, difference, difference)
    freedom = parts.sum() ** 2 / (
        parts[0] ** 2 / (len(inside) - 1) + parts[1] ** 2 / (len(outside) - 1)
    )
    half = float(stats.t.ppf(0.5 + CONFIDENCE / 2, freedom) * np.sqrt(parts.sum()))
    return Interval(difference, difference - half, difference + half)


def percentile_interval(draws: np.ndarray) -> tuple[float, float]:
    """Ends of the central 95 % of (b,) bootstrap draws."""
    low, high = np.nanpercentile(draws, [50 * (1 - CONFIDENCE), 50 * (1 + CONFIDENCE)])
    return float(low), float(high)


def mann_whitney(values: np.ndarray, inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """AUC and two-sided p of every column for two groups of rows.

    Args:
        values: (n, f) without NaN.
        inside: (n,) bool group.

    Returns:
        (f,) chance that a row inside has the larger value (ties count half), and (f,) p-values
        from the normal approximation with tie and continuity correction; 1 for constant columns.
    """
    n, m = int(inside.sum()), int((~inside).sum())
    ranks = stats.rankdata(values, axis=0)
    u = ranks[inside].sum(axis=0) - n * (n + 1) / 2
    variance = n * m / 12 * ((n + m + 1) - _tie_term(values) / max(1, (n + m) * (n + m - 1)))
    gap = np.maximum(np.abs(u - n * m / 2) - 0.5, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        p_values = np.where(variance > 0, 2 * stats.norm.sf(gap / np.sqrt(variance)), 1.0)
    return u / (n * m), np.minimum(p_values, 1.0)


def _tie_term(values: np.ndarray) -> np.ndarray:
    """Sum of t^3 - t over the tie groups of every column."""
    ties = np.zeros(values.shape[1])
    for column in range(values.shape[1]):
        counts = np.unique(values[:, column], return_counts=True)[1].astype(np.float64)
        ties[column] = (counts**3 - counts).sum()
    return ties


def standardised_difference(values: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Mean inside minus mean outside in units of the pooled standard deviation, per column.

    Args:
        values: (n, f) without NaN.
        inside: (n,) bool group.

    Returns:
        (f,) Cohen's d with pooled variance; 0 where a column is constant.
    """
    n, m = int(inside.sum()), int((~inside).sum())
    first, second = values[inside], values[~inside]
    pooled = (first.var(axis=0) * n + second.var(axis=0) * m) / max(1, n + m - 2)
    return _ratio(first.mean(axis=0) - second.mean(axis=0), np.sqrt(pooled))


def bootstrap_standardised_difference(
    values: np.ndarray, inside: np.ndarray, *, draws: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """95 % percentile intervals of `standardised_difference`, groups resampled apart.

    Resampling is done by multinomial weights, so that all columns and draws are matrix products.

    Returns:
        (f,) lower and (f,) upper ends.
    """
    centred = values - values.mean(axis=0)
    means, seconds = [], []
    for group in (centred[inside], centred[~inside]):
        drawn = rng.multinomial(len(group), np.full(len(group), 1 / len(group)), size=draws)
        weights = drawn / len(group)
        means.append(weights @ group)
        seconds.append((weights @ group**2 - means[-1] ** 2) * len(group))
    pooled = np.maximum(seconds[0] + seconds[1], 0) / max(1, len(values) - 2)
    differences = _ratio(means[0] - means[1], np.sqrt(pooled))
    low, high = np.percentile(differences, [2.5, 97.5], axis=0)
    return low, high


def _ratio(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    small = bottom <= 1e-12 * np.maximum(1.0, np.abs(top))
    return np.where(small, 0.0, top / np.where(small, 1.0, bottom))


def jaccard(first: np.ndarray, second: np.ndarray) -> float:
    """Share of the members of two sets that are in both; the arrays list each member once."""
    shared = len(np.intersect1d(first, second, assume_unique=True))
    return shared / max(1, len(first) + len(second) - shared)


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
