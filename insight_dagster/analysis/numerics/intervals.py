"""Estimates with 95 % confidence intervals.

Intervals of shares and means belong here; tests do not (`permutation`, `multiple_testing`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """An estimate with its two-sided 95 % interval."""

    estimate: float
    low: float
    high: float


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
