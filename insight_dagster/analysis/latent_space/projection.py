"""The 2-D layout of a latent space: t-SNE, and the placing of clips that came after the fit.

Fitting and transforming coordinates belong here; where coordinates come from does not
(`latent_space`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix

from insight_dagster.analysis.numerics.neighbours import nearest, nearest_others

if TYPE_CHECKING:
    from insight_dagster.analysis.latent_space.latent_space import LatentSpace

_EARLY_ITERATIONS, _ITERATIONS = 250, 500
_PLACING_ITERATIONS = 250
_PLACING_RATE = 0.1
_START_NEIGHBOURS = 25


@dataclass(frozen=True)
class Projection:
    """2-D coordinates of clips, in the order they were asked for; every field is (n,).

    Attributes:
        x, y: t-SNE.
        pca_x, pca_y: first two principal components (0 where there is only one).
        fitted: True where the clip was part of the fit.
    """

    x: np.ndarray
    y: np.ndarray
    pca_x: np.ndarray
    pca_y: np.ndarray
    fitted: np.ndarray


def fit_layout(coordinates: np.ndarray, *, perplexity: float, seed: int) -> np.ndarray:
    """Lay points out in the plane by t-SNE from a PCA start, on one thread.

    Args:
        coordinates: (n, k) principal components.
        perplexity: wanted perplexity, clipped to (n - 1) / 3.
        seed: of the optimiser.

    Returns:
        (n, 2); all zeros where the points are all the same.

    Source: Poličar, Stražar and Zupan, openTSNE, J. Stat. Softw. 109 (2024) 3.
    """
    spread = coordinates[:, 0].std()
    if spread == 0:
        return np.zeros((len(coordinates), 2))
    from openTSNE import TSNE

    start = _plane(coordinates) / spread * 1e-4
    # Copies of one clip would start on one spot and never part: a fixed jitter keeps them close.
    start = start + np.random.default_rng(seed).normal(scale=1e-7, size=start.shape)
    layout = TSNE(
        n_jobs=1,
        random_state=seed,
        early_exaggeration_iter=_EARLY_ITERATIONS,
        n_iter=_ITERATIONS,
        initialization=start,
        negative_gradient_method="bh" if len(coordinates) < 10_000 else "fft",
    ).fit(affinities=_affinities(coordinates, perplexity), initialization=start)
    return np.array(layout, dtype=np.float64)


def place(
    coordinates: np.ndarray, reference: np.ndarray, layout: np.ndarray, *, perplexity: float
) -> np.ndarray:
    """Place new points into a finished layout; each lands where it would if it came alone.

    Args:
        coordinates: (m, k) of the new points.
        reference: (n, k) of the fitted points.
        layout: (n, 2) of the fitted points.
        perplexity: of the fit.

    Returns:
        (m, 2).
    """
    if len(coordinates) == 0 or not layout.any():
        return np.zeros((len(coordinates), 2))
    from openTSNE.affinity import joint_probabilities_nn
    from openTSNE.tsne import PartialTSNEEmbedding

    found = nearest(coordinates, reference, k=max(_START_NEIGHBOURS, _wanted(perplexity)))
    width = min(_wanted(perplexity), len(reference))
    weights = joint_probabilities_nn(
        found.indices[:, :width],
        found.distances[:, :width],
        [min(perplexity, width / 3)],
        symmetrize=False,
        normalization="point-wise",
        n_reference_samples=len(reference),
    )
    start = np.median(layout[found.indices[:, :_START_NEIGHBOURS]], axis=1)
    placed = PartialTSNEEmbedding(
        start,
        _reference_embedding(layout),
        P=csr_matrix(weights),
        negative_gradient_method="bh",
        n_jobs=1,
        dof=1,
    )
    placed.optimize(
        n_iter=_PLACING_ITERATIONS,
        learning_rate=_PLACING_RATE,
        exaggeration=1.5,
        momentum=0.8,
        inplace=True,
        max_grad_norm=0.25,
    )
    return np.array(placed, dtype=np.float64)


def project(space: LatentSpace, clip_ids: Sequence[str], embeddings: np.ndarray) -> Projection:
    """Coordinates of clips in a latent space: as fitted for its own clips, placed for others.

    Args:
        space: the fitted space.
        clip_ids: (n,) identities.
        embeddings: (n, d) float32 in the same order.

    Raises:
        LatentSpaceError: the embeddings have another width than the space was fitted on.
    """
    coordinates, rows = space.locate(clip_ids, embeddings)
    fitted = rows >= 0
    plane = np.zeros((len(rows), 2))
    plane[fitted] = space.layout[rows[fitted]]
    plane[~fitted] = place(
        coordinates[~fitted], space.coordinates, space.layout, perplexity=space.perplexity
    )
    pca = _plane(coordinates)
    return Projection(plane[:, 0], plane[:, 1], pca[:, 0], pca[:, 1], fitted)


def _plane(coordinates: np.ndarray) -> np.ndarray:
    """First two columns, the second 0 where there is only one."""
    plane = np.zeros((len(coordinates), 2))
    width = min(2, coordinates.shape[1])
    plane[:, :width] = coordinates[:, :width]
    return plane


def _wanted(perplexity: float) -> int:
    return max(3, int(3 * perplexity))


def _affinities(coordinates: np.ndarray, perplexity: float) -> object:
    from openTSNE.affinity import PerplexityBasedNN
    from openTSNE.nearest_neighbors import PrecomputedNeighbors

    found = nearest_others(coordinates, k=_wanted(perplexity))
    # Neighbour lists of all-equal distances have no perplexity to calibrate: part them slightly.
    distances = np.maximum(found.distances, 1e-9 * (1 + np.arange(found.distances.shape[1])))
    index = PrecomputedNeighbors(found.indices, distances)
    return PerplexityBasedNN(perplexity=perplexity, knn_index=index, n_jobs=1)


def _reference_embedding(layout: np.ndarray) -> np.ndarray:
    """The library's embedding class around a finished layout, with no affinities of its own."""
    from openTSNE.affinity import Affinities
    from openTSNE.tsne import TSNEEmbedding

    affinities = Affinities()
    affinities.P = csr_matrix((len(layout), len(layout)))
    return TSNEEmbedding(np.ascontiguousarray(layout), affinities, n_jobs=1)
