"""Estimates with 95 % confidence intervals: shares, mean differences, bootstrap percentiles.

Tests and p-values do not belong here (`permutation`, `effect_sizes`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """An estimate with its two-sided 95 % confidence interval."""

    estimate: float
    low: float
    high: float


def wilson(successes: int, trials: int) -> Interval:
    """Return a share with its Wilson score interval; NaN and (0, 1) without trials."""
    if trials <= 0:
        return Interval(float("nan"), 0.0, 1.0)
    interval = stats.binomtest(successes, trials).proportion_ci(CONFIDENCE, method="wilson")
    return Interval(successes / trials, float(interval.low), float(interval.high))


def mean_difference(inside: np.ndarray, outside: np.ndarray) -> Interval:
    """Return mean of `inside` minus mean of `outside` with Welch's interval; NaN are ignored.

    Args:
        inside: (n,) float.
        outside: (m,) float.

    Returns:
        Difference and interval. The interval is infinite if a side has fewer than two values.
    """
    inside, outside = inside[~np.isnan(inside)], outside[~np.isnan(outside)]
    if len(inside) == 0 or len(outside) == 0:
        return Interval(float("nan"), float("-inf"), float("inf"))
    difference = float(inside.mean() - outside.mean())
    if len(inside) < 2 or len(outside) < 2:
        return Interval(difference, float("-inf"), float("inf"))
    if np.ptp(inside) == np.ptp(outside) == 0:
        return Interval(difference, difference, difference)
    welch = stats.ttest_ind(inside, outside, equal_var=False).confidence_interval(CONFIDENCE)
    return Interval(difference, float(welch.low), float(welch.high))


def percentile_interval(draws: np.ndarray) -> tuple[float, float]:
    """Return the ends of the central 95 % of (b,) bootstrap draws."""
    low, high = np.nanpercentile(draws, [50 * (1 - CONFIDENCE), 50 * (1 + CONFIDENCE)])
    return float(low), float(high)
