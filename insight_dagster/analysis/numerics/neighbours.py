"""Nearest neighbours by exact Euclidean distance, in bounded memory.

The search belongs here; what neighbours are used for (density, duplicates, layout) does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_BLOCK_ENTRIES = 4_000_000
_SPARE = 4


@dataclass(frozen=True)
class Neighbours:
    """The nearest reference rows of each query row, nearest first; ties by row number.

    Attributes:
        indices: (n, k) int64 reference rows.
        distances: (n, k) float64.
    """

    indices: np.ndarray
    distances: np.ndarray

    def __post_init__(self) -> None:
        if self.indices.ndim != 2 or self.indices.shape != self.distances.shape:
            raise ValueError(
                f"indices and distances must have one shape (n, k), got {self.indices.shape} and "
                f"{self.distances.shape}"
            )


@dataclass(frozen=True)
class NearestClips:
    """The nearest other clips of every clip, nearest first.

    Attributes:
        clip_ids: (n,) str.
        rows: (n, k) int32 rows of the neighbours in `clip_ids`.
        distances: (n, k) float64.
    """

    clip_ids: np.ndarray
    rows: np.ndarray
    distances: np.ndarray

    @classmethod
    def of(cls, clip_ids: Sequence[str], points: np.ndarray, *, k: int) -> NearestClips:
        """Search the k nearest other clips of clips at (n, d) points."""
        found = nearest_others(points, k=k)
        return cls(np.array(clip_ids, str), found.indices.astype(np.int32), found.distances)

    @classmethod
    def none(cls) -> NearestClips:
        """Return the result for an empty set of clips."""
        return cls(np.zeros(0, "<U16"), np.zeros((0, 0), np.int32), np.zeros((0, 0)))

    def among(self, clip_ids: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Return neighbours within another list of m clips: (m, k) row numbers and distances.

        Row numbers refer to `clip_ids`. Neighbours that are not in the list, and all neighbours of
        clips that were not searched, are -1 with distance NaN.
        """
        row_of = {clip_id: row for row, clip_id in enumerate(clip_ids)}
        own = {clip_id: row for row, clip_id in enumerate(self.clip_ids.tolist())}
        at = np.array([own.get(clip_id, -1) for clip_id in clip_ids], np.int64)
        listed = np.array([row_of.get(c, -1) for c in self.clip_ids.tolist()] + [-1], np.int32)
        width = (1, self.rows.shape[1])
        rows = listed[np.concatenate([self.rows, np.full(width, -1, np.int32)])[at]]
        distances = np.concatenate([self.distances, np.full(width, np.nan)])[at]
        return rows, np.where(rows < 0, np.nan, distances)


def nearest(queries: np.ndarray, reference: np.ndarray, *, k: int) -> Neighbours:
    """Return the k nearest reference rows of each query row.

    Candidates come from a matrix product, their distances from differences, so that identical rows
    have distance 0 exactly. scikit-learn's brute-force search is not exact (1e-7 between copies),
    its trees and `scipy.spatial.distance.cdist` are several times slower on large sets.

    Args:
        queries: (n, d) float.
        reference: (m, d) float.
        k: number of neighbours, clipped to m.
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
    """Return the k nearest other rows of each row of `points` (n, d), itself excluded."""
    found = nearest(points, points, k=k + 1)
    own = found.indices == np.arange(len(points))[:, None]
    # A row with more than k copies may be missing from its own list: then drop the last column.
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
