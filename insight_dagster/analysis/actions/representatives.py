"""Clips that represent a group, by greedy facility location.

Choosing representatives belongs here; how many, and what for, does not (`steps`).
"""

from __future__ import annotations

import heapq

import numpy as np

_MOST = 3_000


def similarities(points: np.ndarray) -> np.ndarray:
    """Return Gaussian similarities of (n, d) points, as wide as their median distance: (n, n)."""
    squared = (points**2).sum(axis=1)
    apart = np.maximum(squared[:, None] + squared - 2 * points @ points.T, 0)
    np.fill_diagonal(apart, 0)
    off = apart[np.triu_indices(len(points), 1)]
    middle = float(np.median(off)) if len(off) else 1.0
    return np.asarray(np.exp(-apart / max(middle, 1e-12)))


def representatives(points: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Choose k rows that represent all rows, and return the share that each stands for.

    The sum over rows of the similarity to the nearest chosen one is maximised greedily, which is
    at least 1 - 1/e of the best choice. Above 3,000 rows, every b-th row forms a block, and each
    block chooses its part of k (the guarantee then holds for each block).

    Args:
        points: (n, d).
        k: number of rows to choose, at most n.

    Returns:
        (k,) rows in the order of the choice, (k,) share of the rows nearest to each.

    Source: Nemhauser, Wolsey and Fisher, Math. Program. 14 (1978) 265; lazily evaluated as in
    Minoux, Optimization Techniques (1978) 234.
    """
    k = min(k, len(points))
    if k < 1:
        return np.zeros(0, np.int64), np.zeros(0)
    blocks = min(k, -(-len(points) // _MOST))
    chosen, stood_for = [], []
    for block in range(blocks):
        rows = np.arange(block, len(points), blocks)
        wanted = k * (block + 1) // blocks - k * block // blocks
        alike = similarities(points[rows])
        picked = _greedy(alike, wanted)
        chosen.append(rows[picked])
        stood_for.append(np.bincount(alike[picked].argmax(axis=0), minlength=wanted))
    return np.concatenate(chosen), np.concatenate(stood_for) / len(points)


def _greedy(alike: np.ndarray, k: int) -> np.ndarray:
    """Choose k rows of an (n, n) similarity by falling gain, ties by row: (k,).

    A row's gain can only fall while rows are chosen, so a row whose updated gain is still the
    largest need not be compared with the others.
    """
    covered = np.zeros(len(alike))
    gains = [(-float(total), row) for row, total in enumerate(alike.sum(axis=1))]
    heapq.heapify(gains)
    chosen: list[int] = []
    while len(chosen) < k:
        _, row = gains[0]
        renewed = (-float(np.maximum(alike[row] - covered, 0).sum()), row)
        heapq.heapreplace(gains, renewed)
        if gains[0] == renewed:
            heapq.heappop(gains)
            chosen.append(row)
            covered = np.maximum(covered, alike[row])
    return np.array(chosen, np.int64)
