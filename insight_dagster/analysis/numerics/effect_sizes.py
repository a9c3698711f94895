"""Effect sizes."""

from __future__ import annotations

import numpy as np
from scipy import stats


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
