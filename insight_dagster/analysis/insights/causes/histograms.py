"""How a field's values are spread inside a group and among the clips that it is compared with.

Histograms to show belong here; whether a difference is one does not (`causes`).
"""

from __future__ import annotations

import numpy as np

BINS = 24
_TAIL = 0.01


def spread(values: np.ndarray, inside: np.ndarray) -> dict[str, object]:
    """Histograms of both sides over the same 24 bins, as columns of `insight_causes`.

    The bins span the middle 98 % of each side; what lies beyond is in the outermost ones. A field
    of two values or fewer has none: its shares say it all.

    Args:
        values: (n,) float, NaN = missing (left out).
        inside: (n,) bool.

    Returns:
        `spread_low` and `spread_high`, the ends, and `spread_inside` and `spread_outside`, 24
        shares each that sum to 1; all None where there is nothing to show.
    """
    known = np.isfinite(values)
    sides = values[known & inside], values[known & ~inside]
    if min(map(len, sides)) == 0 or len(np.unique(values[known])) <= 2:
        return dict.fromkeys(("spread_low", "spread_high", "spread_inside", "spread_outside"))
    low = min(np.quantile(side, _TAIL) for side in sides)
    high = max(np.quantile(side, 1 - _TAIL) for side in sides)
    if low >= high:
        low, high = values[known].min(), values[known].max()
    edges = np.linspace(low, high, BINS + 1)
    counts = [np.histogram(np.clip(side, low, high), edges)[0] for side in sides]
    return {
        "spread_low": float(low),
        "spread_high": float(high),
        "spread_inside": (counts[0] / counts[0].sum()).tolist(),
        "spread_outside": (counts[1] / counts[1].sum()).tolist(),
    }
