"""Whether clips lie where a latent space was fitted, or outside of all it has seen.

The range of density of a fit and the test against it belong here; placing clips does not
(`projection`, `clusters`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from insight_dagster.analysis.neighbours import nearest, nearest_others

if TYPE_CHECKING:
    from insight_dagster.analysis.latent_space import LatentSpace

NEIGHBOURS = 5
QUANTILE = 0.95


def density_range(coordinates: np.ndarray) -> float:
    """How far a fitted clip's fifth neighbour may be: the distance that 95 % of them keep.

    Args:
        coordinates: (n, k) principal components of the fitted clips.
    """
    found = nearest_others(coordinates, k=NEIGHBOURS)
    if not found.distances.size:
        return 0.0
    return float(np.quantile(found.distances[:, -1], QUANTILE))


def outside(space: LatentSpace, coordinates: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Which clips lie outside the fit's density range.

    A twentieth of the fitted clips does by definition; a class with many more has come to a part
    of the space that the fit knows nothing of.

    Args:
        space: the fitted space.
        coordinates: (n, k) principal components of the clips.
        rows: (n,) their rows in the fit, -1 for clips that came after it.

    Returns:
        (n,) bool.
    """
    # A fitted clip finds itself at distance 0 first: it has one neighbour fewer.
    found = nearest(coordinates, space.coordinates, k=NEIGHBOURS + 1)
    last = found.distances.shape[1] - 1
    column = np.where(rows >= 0, last, np.maximum(last - 1, 0))
    return found.distances[np.arange(len(rows)), column] > space.density_range
