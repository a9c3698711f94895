"""Histograms of a field inside a group and among the clips that it is compared with.

Histograms to show belong here; whether the groups differ does not (`field_comparison`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BINS = 24
_TAIL = 0.01


@dataclass(frozen=True)
class Histograms:
    """Histograms of two groups over the same bins; all None where there is nothing to show.

    Attributes:
        low, high: ends of the bins.
        inside, outside: 24 shares each that sum to 1.
    """

    low: float | None = None
    high: float | None = None
    inside: tuple[float, ...] | None = None
    outside: tuple[float, ...] | None = None


def histograms(values: np.ndarray, inside: np.ndarray) -> Histograms:
    """Return the histograms of both sides of a field over the same 24 bins.

    The bins span the middle 98 % of each side; values beyond are counted in the outermost bins. A
    field of two values or fewer has no histograms, as its shares say everything.

    Args:
        values: (n,) float, NaN = missing (left out).
        inside: (n,) bool.
    """
    known = np.isfinite(values)
    sides = values[known & inside], values[known & ~inside]
    if min(map(len, sides)) == 0 or len(np.unique(values[known])) <= 2:
        return Histograms()
    low = min(np.quantile(side, _TAIL) for side in sides)
    high = max(np.quantile(side, 1 - _TAIL) for side in sides)
    if low >= high:
        low, high = values[known].min(), values[known].max()
    edges = np.linspace(low, high, BINS + 1)
    counts = [np.histogram(np.clip(side, low, high), edges)[0] for side in sides]
    shares = [tuple((each / each.sum()).tolist()) for each in counts]
    return Histograms(float(low), float(high), *shares)
