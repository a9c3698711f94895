"""Clusters of clips in a fitted latent space, including clips that were added after the fit.

Assigning points to fitted clusters belongs here; fitting them does not (`cluster_model`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from insight_dagster.analysis.latent_space.cluster_model import NOISE, ClusterModel
from insight_dagster.analysis.latent_space.latent_space import LatentSpace
from insight_dagster.analysis.numerics.neighbours import Neighbours, nearest


@dataclass(frozen=True)
class Assignment:
    """Cluster assignment of n clips.

    Attributes:
        cluster: (n,) int32, -1 = noise.
        strength: (n,) membership strength in 0..1.
    """

    cluster: np.ndarray
    strength: np.ndarray


def assign(space: LatentSpace, clip_ids: Sequence[str], embeddings: np.ndarray) -> Assignment:
    """Return the clusters of clips: fitted labels for the fit's clips, assigned ones for others.

    Args:
        space: the fitted space.
        clip_ids: (n,) clip ids.
        embeddings: (n, d) float32 in the same order.

    Raises:
        LatentSpaceError: the embeddings are not as wide as those that the space was fitted on.
    """
    coordinates, rows = space.locate(clip_ids, embeddings)
    model, fitted = space.clusters, rows >= 0
    cluster = np.full(len(rows), NOISE, np.int32)
    strength = np.zeros(len(rows))
    cluster[fitted], strength[fitted] = model.labels[rows[fitted]], model.strengths[rows[fitted]]
    new = assign_points(model, space.coordinates, coordinates[~fitted])
    cluster[~fitted], strength[~fitted] = new.cluster, new.strength
    return Assignment(cluster, strength)


def assign_points(model: ClusterModel, reference: np.ndarray, points: np.ndarray) -> Assignment:
    """Assign new points to the clusters of a fitted model, each independently of the others.

    A point joins its nearest fitted point in mutual reachability distance. It belongs to the
    condensed-tree node that contains that fitted point at the density of this distance.

    Args:
        model: the fitted model.
        reference: (n, k) principal components of the fitted points.
        points: (m, k) principal components of the new points.

    Source: `approximate_predict` of the hdbscan package (McInnes and Healy).
    """
    if len(points) == 0 or model.count == 0:
        return Assignment(np.full(len(points), NOISE, np.int32), np.zeros(len(points)))
    width = model.dimensions
    found = nearest(points[:, :width], reference[:, :width], k=2 * model.min_samples)
    joined, density = _joined_point(model, found)
    node = _node_at_density(model, joined, density)
    cluster = model.node_label[node]
    largest = model.node_max_lambda[node]
    share = np.where(
        largest > 0, np.minimum(density, largest) / np.where(largest > 0, largest, 1), 1
    )
    return Assignment(cluster.astype(np.int32), np.where(cluster >= 0, share, 0.0))


def _joined_point(model: ClusterModel, found: Neighbours) -> tuple[np.ndarray, np.ndarray]:
    """Return the nearest fitted point of each new point and the density (1 / distance) there."""
    own_core = found.distances[:, min(model.min_samples, found.distances.shape[1] - 1)]
    reach = np.maximum(model.core_distances[found.indices], found.distances)
    reach = np.maximum(reach, own_core[:, None])
    best = reach.argmin(axis=1)
    rows = np.arange(len(best))
    distance = reach[rows, best]
    largest = np.finfo(np.float64).max
    density = np.where(distance > 0, 1.0 / np.where(distance > 0, distance, 1.0), largest)
    return found.indices[rows, best], density


def _node_at_density(model: ClusterModel, joined: np.ndarray, density: np.ndarray) -> np.ndarray:
    """Return the ancestors of the joined points' nodes that exist at the given densities."""
    node = model.point_node[joined].copy()
    climbing = model.point_lambda[joined] > density
    while True:
        climbing &= (node > 0) & (model.node_lambda[node] >= density)
        if not climbing.any():
            return node
        node[climbing] = model.node_parent[node[climbing]]
