"""Nearest neighbours by exact Euclidean distance, in blocks of bounded memory.

Search belongs here. What neighbours mean (density, duplicates, disagreement, layout) does not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_BLOCK_ENTRIES = 4_000_000
_SPARE = 4


@dataclass(frozen=True)
class Neighbours:
    """For each query row its nearest reference rows, nearest first; ties by row number.

    Attributes:
        indices: (n, k) int64 reference rows.
        distances: (n, k) float64.
    """

    indices: np.ndarray
    distances: np.ndarray

    def __post_init__(self) -> None:
        if self.indices.ndim != 2 or self.indices.shape != self.distances.shape:
            raise ValueError(
                f"indices and distances must be alike (n, k), got {self.indices.shape} and "
                f"{self.distances.shape}"
            )


def nearest(queries: np.ndarray, reference: np.ndarray, *, k: int) -> Neighbours:
    """The k nearest reference rows of each query row.

    Candidates come from a matrix product; the distances reported are computed from differences,
    so that identical rows are at distance 0 exactly.

    Args:
        queries: (n, d) float.
        reference: (m, d) float.
        k: neighbours wanted, at most m are returned.
    """
    queries, reference = np.asarray(queries, np.float64), np.asarray(reference, np.float64)
    k = min(k, len(reference))
    indices = np.empty((len(queries), k), np.int64)
    distances = np.empty((len(queries), k))
    squared = (reference**2).sum(axis=1)
    step = max(1, _BLOCK_ENTRIES // max(1, len(reference)))
    for start in range(0, len(queries), step):
        block = slice(start, start + step)
        indices[block], distances[block] = _nearest_block(queries[block], reference, squared, k)
    return Neighbours(indices, distances)


def nearest_others(points: np.ndarray, *, k: int) -> Neighbours:
    """The k nearest other rows of each row of `points` (n, d): a row is not its own neighbour."""
    found = nearest(points, points, k=k + 1)
    own = found.indices == np.arange(len(points))[:, None]
    # More than k rows at distance 0 may hide a row among its copies: then drop the last column.
    own[~own.any(axis=1), -1] = True
    shape = (len(points), max(0, found.indices.shape[1] - 1))
    return Neighbours(found.indices[~own].reshape(shape), found.distances[~own].reshape(shape))


def _nearest_block(
    queries: np.ndarray, reference: np.ndarray, squared: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray]:
    rough = squared - 2.0 * queries @ reference.T
    wide = min(k + _SPARE, len(reference))
    if wide < len(reference):
        candidates = np.argpartition(rough, wide - 1, axis=1)[:, :wide]
        candidates = np.sort(candidates, axis=1)
    else:
        candidates = np.broadcast_to(np.arange(len(reference)), rough.shape)
    exact = _distances(queries, reference, candidates)
    order = np.argsort(exact, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(candidates, order, 1), np.take_along_axis(exact, order, 1)


def _distances(queries: np.ndarray, reference: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    out = np.empty(candidates.shape)
    step = max(1, _BLOCK_ENTRIES // max(1, candidates.shape[1] * reference.shape[1]))
    for start in range(0, len(queries), step):
        block = slice(start, start + step)
        differences = reference[candidates[block]] - queries[block, None, :]
        out[block] = np.sqrt(np.einsum("ijk,ijk->ij", differences, differences))
    return out
