"""Density range of a fitted latent space: how far apart its clips lie.

The quantile of neighbour distances belongs here; comparing clips with it does not (`coverage`).
"""

from __future__ import annotations

import numpy as np

from insight_dagster.analysis.numerics.neighbours import nearest_others

NEIGHBOURS = 5


QUANTILE = 0.95


def density_range(coordinates: np.ndarray) -> float:
    """Return the 95 % quantile of the distance to the fifth nearest other clip.

    Args:
        coordinates: (n, k) principal components of the fitted clips.
    """
    return usual_distance(nearest_others(coordinates, k=NEIGHBOURS).distances)


def usual_distance(distances: np.ndarray) -> float:
    """Return the 95 % quantile of the last column of distances (n, k); 0 without rows."""
    return float(np.quantile(distances[:, -1], QUANTILE)) if distances.size else 0.0
