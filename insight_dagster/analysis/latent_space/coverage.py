"""Whether clips lie where a latent space was fitted, or outside of all it has seen.

The range of density of a fit and the test against it belong here; placing clips does not
(`projection`, `clusters`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from insight_dagster.analysis.numerics.neighbours import nearest, nearest_others

if TYPE_CHECKING:
    from insight_dagster.analysis.latent_space.latent_space import LatentSpace

NEIGHBOURS = 5
QUANTILE = 0.95


def density_range(coordinates: np.ndarray) -> float:
    """How far a fitted clip's fifth neighbour may be: the distance that 95 % of them keep.

    Args:
        coordinates: (n, k) principal components of the fitted clips.
    """
    return _usual(nearest_others(coordinates, k=NEIGHBOURS).distances)


def outside(space: LatentSpace, coordinates: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Which clips of a class lie outside all that the fit has seen.

    A clip that came after the fit is outside when its fifth neighbour among the fitted clips is
    further than 95 % of the fitted clips keep, and further than 95 % of those of its own class
    keep: classes are not equally dense. A fitted clip lies inside: the fit knows its place.

    Args:
        space: the fitted space.
        coordinates: (n, k) principal components of the class's clips.
        rows: (n,) their rows in the fit, -1 for clips that came after it.

    Returns:
        (n,) bool.
    """
    fitted = rows >= 0
    # A fitted clip finds itself at distance 0 first.
    own = nearest(space.coordinates[rows[fitted]], space.coordinates, k=NEIGHBOURS + 1).distances
    found = nearest(coordinates[~fitted], space.coordinates, k=NEIGHBOURS).distances
    far = np.zeros(len(rows), bool)
    far[~fitted] = found[:, -1] > max(space.density_range, _usual(own))
    return far


def _usual(distances: np.ndarray) -> float:
    """The distance (n, k) of the last neighbour that 95 % of n clips keep; 0 without clips."""
    return float(np.quantile(distances[:, -1], QUANTILE)) if distances.size else 0.0
