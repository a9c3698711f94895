"""Sizes of differences between two groups: AUC, Cohen's d, Jaccard similarity.

Estimates per column of a table belong here; p-values under permutation do not (`permutation`).
"""

from __future__ import annotations

import numpy as np
from scipy import stats


def mann_whitney(values: np.ndarray, inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return AUC and two-sided p-value of every column for two groups of rows.

    Args:
        values: (n, f) without NaN.
        inside: (n,) bool group.

    Returns:
        (f,) probability that a row inside has the larger value (ties count half), and (f,)
        p-values by the normal approximation with tie and continuity correction; 1 for constant
        columns.

    Source: Mann and Whitney, Ann. Math. Stat. 18 (1947) 50.
    """
    first, second = values[inside], values[~inside]
    found = stats.mannwhitneyu(first, second, axis=0, method="asymptotic")
    auc = found.statistic / (len(first) * len(second))
    return auc, np.where(np.ptp(values, axis=0) > 0, found.pvalue, 1.0)


def standardised_difference(values: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Return Cohen's d of every column: mean inside minus mean outside, in pooled deviations.

    Args:
        values: (n, f) without NaN.
        inside: (n,) bool group.

    Returns:
        (f,) differences in units of the pooled standard deviation; 0 for constant columns.

    Source: Cohen, Statistical Power Analysis for the Behavioral Sciences, 1988, section 2.2.
    """
    n, m = int(inside.sum()), int((~inside).sum())
    first, second = values[inside], values[~inside]
    pooled = (first.var(axis=0) * n + second.var(axis=0) * m) / max(1, n + m - 2)
    return _ratio(first.mean(axis=0) - second.mean(axis=0), np.sqrt(pooled))


def bootstrap_standardised_difference(
    values: np.ndarray, inside: np.ndarray, *, draws: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return 95 % percentile intervals of `standardised_difference`.

    Both groups are resampled separately, by multinomial weights, so that one matrix product serves
    all columns and draws.

    Args:
        values: (n, f) without NaN.
        inside: (n,) bool group.
        draws: number of bootstrap samples.
        rng: random generator.

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
    """Return top / bottom; 0 where the denominator is zero up to rounding."""
    small = bottom <= 1e-12 * np.maximum(1.0, np.abs(top))
    return np.where(small, 0.0, top / np.where(small, 1.0, bottom))


def jaccard(first: np.ndarray, second: np.ndarray) -> float:
    """Return the Jaccard similarity of two sets, given as arrays of unique members."""
    shared = len(np.intersect1d(first, second, assume_unique=True))
    return shared / max(1, len(first) + len(second) - shared)
