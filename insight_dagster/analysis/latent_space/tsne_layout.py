"""Two-dimensional layout by t-SNE: fitting, and placing new points into a fitted layout.

Algorithms on plain arrays belong here; clips of a fitted latent space do not (`projection`).
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

from insight_dagster.analysis.numerics.neighbours import nearest, nearest_others

_EARLY_ITERATIONS, _ITERATIONS = 250, 500


_PLACING_ITERATIONS = 250


_PLACING_RATE = 0.1


_START_NEIGHBOURS = 25


def fit_layout(coordinates: np.ndarray, *, perplexity: float, seed: int) -> np.ndarray:
    """Fit a t-SNE layout, initialised with the first two principal components.

    Runs on one thread, so that the result does not depend on the number of cores.

    Args:
        coordinates: (n, k) principal components.
        perplexity: t-SNE perplexity; at most (n - 1) / 3.
        seed: seed of the optimiser and of the jitter on the start.

    Returns:
        (n, 2) layout; zeros if all points are the same.

    Source: Poličar, Stražar and Zupan, openTSNE, J. Stat. Softw. 109 (2024) 3.
    """
    spread = coordinates[:, 0].std()
    if spread == 0:
        return np.zeros((len(coordinates), 2))
    from openTSNE import TSNE

    start = first_two_components(coordinates) / spread * 1e-4
    # Copies of one clip would start at the same spot and never move apart without a jitter.
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
    """Place new points into a fitted layout, each independently of the other new points.

    Args:
        coordinates: (m, k) principal components of the new points.
        reference: (n, k) principal components of the fitted points.
        layout: (n, 2) layout of the fitted points.
        perplexity: perplexity of the fit.

    Returns:
        (m, 2) positions; zeros if the layout is all zeros.
    """
    if len(coordinates) == 0 or not layout.any():
        return np.zeros((len(coordinates), 2))
    from openTSNE.affinity import joint_probabilities_nn
    from openTSNE.tsne import PartialTSNEEmbedding

    found = nearest(coordinates, reference, k=max(_START_NEIGHBOURS, _neighbours(perplexity)))
    width = min(_neighbours(perplexity), len(reference))
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


def first_two_components(coordinates: np.ndarray) -> np.ndarray:
    """Return the first two columns; the second is 0 if there is only one."""
    plane = np.zeros((len(coordinates), 2))
    width = min(2, coordinates.shape[1])
    plane[:, :width] = coordinates[:, :width]
    return plane


def _neighbours(perplexity: float) -> int:
    return max(3, int(3 * perplexity))


def _affinities(coordinates: np.ndarray, perplexity: float) -> object:
    from openTSNE.affinity import PerplexityBasedNN
    from openTSNE.nearest_neighbors import PrecomputedNeighbors

    found = nearest_others(coordinates, k=_neighbours(perplexity))
    # Perplexity cannot be calibrated on equal distances: separate them slightly.
    distances = np.maximum(found.distances, 1e-9 * (1 + np.arange(found.distances.shape[1])))
    index = PrecomputedNeighbors(found.indices, distances)
    return PerplexityBasedNN(perplexity=perplexity, knn_index=index, n_jobs=1)


def _reference_embedding(layout: np.ndarray) -> np.ndarray:
    """Wrap a fitted layout in openTSNE's embedding class, without affinities."""
    from openTSNE.affinity import Affinities
    from openTSNE.tsne import TSNEEmbedding

    affinities = Affinities()
    affinities.P = csr_matrix((len(layout), len(layout)))
    return TSNEEmbedding(np.ascontiguousarray(layout), affinities, n_jobs=1)
