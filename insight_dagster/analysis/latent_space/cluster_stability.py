"""Stability of clusters under subsampling.

Subsampling and matching clusters belong here; how clusters are found does not (`cluster_model`).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

SUBSAMPLES = 8
SHARE = 0.8
MOST_POINTS = 10_000
"""Above this size, stability is not measured: it takes eight more fits."""


def cluster_stability(
    labels: np.ndarray, cluster_again: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """Return the mean Jaccard similarity of every cluster with its best match in subsamples.

    Args:
        labels: (n,) int cluster of every point, numbered from 0, -1 = noise.
        cluster_again: takes row indices, clusters these points alone and returns their labels.

    Returns:
        (clusters,) in 0..1, NaN above 10,000 points. Hennig calls 0.75 and more stable, and less
        than 0.5 dissolved.

    Source: Hennig, Comput. Stat. Data Anal. 52 (2007) 258, with subsets in place of bootstrap
    samples, whose repeated points would form dense groups of their own.
    """
    count, points = int(labels.max(initial=-1)) + 1, len(labels)
    size = int(SHARE * points)
    if points > MOST_POINTS or size < 2:
        return np.full(count, np.nan)
    rng = np.random.default_rng(0)
    found = []
    for _ in range(SUBSAMPLES):
        rows = np.sort(rng.choice(points, size, replace=False))
        found.append(_best_matches(labels[rows], cluster_again(rows), count))
    seen = ~np.isnan(found)
    return np.where(seen, found, 0).sum(axis=0) / np.maximum(seen.sum(axis=0), 1)


def _best_matches(labels: np.ndarray, again: np.ndarray, count: int) -> np.ndarray:
    """Return each cluster's largest Jaccard similarity with a new cluster.

    NaN where none of the cluster's points was drawn.
    """
    best = np.full(count, np.nan)
    for cluster in range(count):
        inside = labels == cluster
        if not inside.any():
            continue
        best[cluster] = 0.0
        for other in np.unique(again[inside & (again >= 0)]):
            there = again == other
            best[cluster] = max(best[cluster], (inside & there).sum() / (inside | there).sum())
    return best
