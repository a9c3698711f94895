"""Detection of clips that lie outside the region a latent space was fitted on.

The comparison with a fitted space belongs here; its density range (`density_range`) and the
placement of clips (`projection`, `clusters`) do not.
"""

from __future__ import annotations

import numpy as np

from insight_dagster.analysis.latent_space.density_range import NEIGHBOURS, usual_distance
from insight_dagster.analysis.latent_space.latent_space import LatentSpace
from insight_dagster.analysis.numerics.neighbours import nearest


def outside(space: LatentSpace, coordinates: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return which clips of a class lie outside the density range of the fit.

    A clip that was added after the fit is outside when the distance to its fifth neighbour among
    the fitted clips exceeds the 95 % quantile of that distance both over all fitted clips and over
    the fitted clips of its own class (classes are not equally dense). Fitted clips are inside.

    Args:
        space: the fitted space.
        coordinates: (n, k) principal components of the class's clips.
        rows: (n,) their rows in the fit, -1 for clips that were added after it.

    Returns:
        (n,) bool.
    """
    fitted = rows >= 0
    # One more neighbour: the first one of a fitted clip is itself, at distance 0.
    own = nearest(space.coordinates[rows[fitted]], space.coordinates, k=NEIGHBOURS + 1).distances
    found = nearest(coordinates[~fitted], space.coordinates, k=NEIGHBOURS).distances
    far = np.zeros(len(rows), bool)
    far[~fitted] = found[:, -1] > max(space.density_range, usual_distance(own))
    return far
