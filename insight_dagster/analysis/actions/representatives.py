"""Clips that stand for a group: greedy facility location.

Choosing representatives belongs here; why and how many does not.
"""

from __future__ import annotations

import numpy as np

_MOST = 3_000


def similarities(points: np.ndarray) -> np.ndarray:
    """(n, n) Gaussian similarity of (n, d) points; the width is their median distance."""
    squared = (points**2).sum(axis=1)
    apart = np.maximum(squared[:, None] + squared - 2 * points @ points.T, 0)
    off = apart[~np.eye(len(points), dtype=bool)]
    middle = float(np.median(off)) if len(off) else 1.0
    return np.asarray(np.exp(-apart / max(middle, 1e-12)))


def representatives(points: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """K rows that are most similar to all rows together, and the share that each stands for.

    Greedy maximisation of the sum over rows of the similarity to the nearest chosen one, which
    is within 1 - 1/e of the best choice. Above 3,000 rows every so-manieth is looked at.

    Args:
        points: (n, d).
        k: wanted, at most n.

    Returns:
        (k,) rows in the order of the choice, (k,) share of the rows nearest to each.

    Source: Nemhauser, Wolsey and Fisher, Math. Program. 14 (1978) 265.
    """
    looked = np.arange(0, len(points), -(-len(points) // _MOST)) if len(points) else np.arange(0)
    alike = similarities(points[looked])
    k = min(k, len(looked))
    covered = np.zeros(len(looked))
    chosen: list[int] = []
    for _ in range(k):
        gains = np.maximum(alike - covered, 0).sum(axis=1)
        gains[chosen] = -1
        chosen.append(int(gains.argmax()))
        covered = np.maximum(covered, alike[chosen[-1]])
    if not chosen:
        return np.zeros(0, np.int64), np.zeros(0)
    nearest = alike[chosen].argmax(axis=0)
    shares = np.bincount(nearest, minlength=k) / len(looked)
    return looked[chosen], shares
