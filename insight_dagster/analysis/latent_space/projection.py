"""2-D coordinates of clips in a fitted latent space, including clips added after the fit.

Looking clips up in a fitted space belongs here; the t-SNE algorithm does not (`tsne_layout`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from insight_dagster.analysis.latent_space.latent_space import LatentSpace
from insight_dagster.analysis.latent_space.tsne_layout import first_two_components, place


@dataclass(frozen=True)
class Projection:
    """2-D coordinates of n clips, in the order of the request; every field is (n,).

    Attributes:
        x, y: t-SNE layout.
        pca_x, pca_y: first two principal components (the second is 0 if there is only one).
        fitted: whether the clip was part of the fit.
    """

    x: np.ndarray
    y: np.ndarray
    pca_x: np.ndarray
    pca_y: np.ndarray
    fitted: np.ndarray


def project(space: LatentSpace, clip_ids: Sequence[str], embeddings: np.ndarray) -> Projection:
    """Return 2-D coordinates of clips: the fitted ones for the fit's clips, placed ones for others.

    Args:
        space: the fitted space.
        clip_ids: (n,) clip ids.
        embeddings: (n, d) float32 in the same order.

    Raises:
        LatentSpaceError: the embeddings are not as wide as those that the space was fitted on.
    """
    coordinates, rows = space.locate(clip_ids, embeddings)
    fitted = rows >= 0
    plane = np.zeros((len(rows), 2))
    plane[fitted] = space.layout[rows[fitted]]
    plane[~fitted] = place(
        coordinates[~fitted], space.coordinates, space.layout, perplexity=space.perplexity
    )
    pca = first_two_components(coordinates)
    return Projection(plane[:, 0], plane[:, 1], pca[:, 0], pca[:, 1], fitted)
