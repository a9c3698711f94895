"""Corrections for multiple testing: false discovery rates and family-wise error rates.

P-values in, corrected values out. How a p-value is computed does not belong here (`permutation`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats


def benjamini_hochberg(p_values: np.ndarray) -> np.ndarray:
    """Return false-discovery-rate q-values of (m,) p-values; NaN stay NaN and do not count.

    Source: Benjamini and Hochberg, J. R. Stat. Soc. B 57 (1995) 289.
    """
    p_values = np.asarray(p_values, np.float64)
    q_values = np.full(p_values.shape, np.nan)
    known = ~np.isnan(p_values)
    if known.any():
        q_values[known] = stats.false_discovery_control(p_values[known])
    return q_values


def selective_q(tests: Sequence[np.ndarray], families: Sequence[str]) -> list[np.ndarray]:
    """Return q-values of the findings of several tests, jointly over all tests.

    Every family of tests gets an equal part of the error rate, and every test an equal part of its
    family's: one with a test per class does not get more of it than one with a single test.

    Each test brings p-values that are already corrected family-wise for what it searched. It
    counts once, with its smallest p-value (1 if it found nothing), however many findings it has.
    The q-value of a finding is the smallest rate q at which its test is selected and
    p <= q x (selected tests) / (all tests).

    Args:
        tests: (k,) p-values of the findings of each test; k may be 0.
        families: family of each test.

    Returns:
        (k,) q-values for each test, in the same order.

    Source: Benjamini and Bogomolov, J. R. Stat. Soc. B 76 (2014) 297; weights: Genovese, Roeder
    and Wasserman, Biometrika 93 (2006) 509.
    """
    _, family, counts = np.unique(list(families), return_inverse=True, return_counts=True)
    weights = len(families) / (len(counts) * counts[family])
    weighted = [
        np.minimum(np.asarray(each, np.float64) / weight, 1.0)
        for each, weight in zip(tests, weights, strict=True)
    ]
    smallest = np.array([float(each.min(initial=1.0)) for each in weighted])
    selected_at = benjamini_hochberg(smallest)
    order = np.argsort(smallest, kind="stable")
    ranks = np.arange(1, len(order) + 1)
    rates = selected_at[order]
    out = []
    for q_value, p_values in zip(selected_at, weighted, strict=True):
        scaled = p_values[:, None] * len(order) / ranks
        passed = np.maximum(scaled, rates).min(axis=1, initial=1.0)
        out.append(np.maximum(passed, q_value))
    return out


def holm(p_values: Sequence[float]) -> np.ndarray:
    """Return (m,) p-values corrected for the family-wise error rate by Holm's step-down method.

    Computed here because statsmodels' `multipletests` forces a garbage collection on every call,
    which takes tens of milliseconds per class in a large process.

    Source: Holm, Scand. J. Stat. 6 (1979) 65.
    """
    p_array = np.asarray(p_values, np.float64)
    order = np.argsort(p_array, kind="stable")
    corrected = np.empty(len(p_array))
    steps = np.arange(len(p_array), 0, -1)
    corrected[order] = np.maximum.accumulate(p_array[order] * steps)
    return np.minimum(corrected, 1.0)
