"""Selections of clips: by id, by label, by distance.

Selecting rows of a clip table belongs here; what is done with them does not.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from insight_dagster.analysis.insights.clip_table import ClipTable


def by_id(rows: np.ndarray, clips: ClipTable) -> np.ndarray:
    """Return the rows in the order of their clip ids, whatever the order of the table."""
    return rows[np.argsort(clips.clip_ids[rows], kind="stable")]


def labelled(names: Iterable[str], clips: ClipTable) -> np.ndarray:
    """Return which clips carry one of some labels: (n,) bool."""
    found = np.zeros(len(clips), bool)
    for name in names:
        found |= clips.labels == name
    return found


def nearest(
    rows: np.ndarray, candidates: np.ndarray, clips: ClipTable
) -> tuple[np.ndarray, np.ndarray]:
    """Return the candidate nearest to each of m rows, and its distance: two (m,) arrays."""
    from sklearn.metrics import pairwise_distances_argmin_min

    at, apart = pairwise_distances_argmin_min(
        clips.coordinates[rows], clips.coordinates[candidates]
    )
    return candidates[at], apart
