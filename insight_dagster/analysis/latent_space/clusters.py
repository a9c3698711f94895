"""Dense groups of a latent space: HDBSCAN, and the assignment of clips that came after the fit.

Fitting, assigning and the arrays that stand for a fitted model belong here; what a group means
does not (`insights/`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from insight_dagster.analysis.latent_space.cluster_stability import cluster_stability
from insight_dagster.analysis.numerics.neighbours import Neighbours, nearest

if TYPE_CHECKING:
    from insight_dagster.analysis.latent_space.latent_space import LatentSpace

NOISE = -1
# Excess of mass with a largest size: leaves leave half of the demo's clips out; without a largest
# size all classes but one can end in one cluster.
SELECTION = "eom"
LARGEST_SHARE = 1 / 3


@dataclass(frozen=True)
class ClusterModel:
    """A fitted HDBSCAN as plain arrays: all that assigning a new point needs.

    Attributes:
        labels: (n,) int32 cluster of every fitted point, -1 = none.
        strengths: (n,) float64 membership in 0..1.
        core_distances: (n,) distance to the `min_samples`-th neighbour, the point itself counted.
        point_node: (n,) condensed-tree node that every fitted point falls out of.
        point_lambda: (n,) density (1 / distance) at which it does.
        node_parent, node_lambda: (m,) parent of every node and density at which it is born; nodes
            are numbered from 0 = root, whose parent is -1.
        node_label, node_max_lambda: (m,) cluster that the node belongs to (-1 = none) and the
            largest density in that cluster.
        stability: (count,) mean Jaccard similarity, in 0..1, of every cluster with the most
            similar one found in subsamples; NaN where not measured.
        min_samples: neighbours that define density.
        dimensions: leading principal components that the distances are taken in.
    """

    labels: np.ndarray
    strengths: np.ndarray
    core_distances: np.ndarray
    point_node: np.ndarray
    point_lambda: np.ndarray
    node_parent: np.ndarray
    node_lambda: np.ndarray
    node_label: np.ndarray
    node_max_lambda: np.ndarray
    stability: np.ndarray
    min_samples: int
    dimensions: int

    @property
    def count(self) -> int:
        """Clusters found."""
        return int(self.labels.max(initial=NOISE)) + 1

    @property
    def noise_share(self) -> float:
        """Share of the fitted points in no cluster."""
        return float((self.labels == NOISE).mean()) if len(self.labels) else 0.0

    @property
    def mean_stability(self) -> float | None:
        """Stability of the fitted points' clusters, averaged over points; None without clusters."""
        inside = self.stability[self.labels[self.labels >= 0]]
        return float(inside.mean()) if len(inside) and np.isfinite(inside).all() else None


@dataclass(frozen=True)
class Assignment:
    """Clusters of clips: `cluster` (n,) int32, -1 = none, and `strength` (n,) in 0..1."""

    cluster: np.ndarray
    strength: np.ndarray


def fit_clusters(
    coordinates: np.ndarray, *, min_cluster_size: int, min_samples: int, dimensions: int
) -> ClusterModel:
    """Find dense groups in the leading principal components.

    Args:
        coordinates: (n, k) principal components, n >= 2.
        min_cluster_size: fewest points in a cluster, clipped to n.
        min_samples: neighbours that define density, clipped to n - 1.
        dimensions: leading components used, clipped to k.

    Source: Campello, Moulavi, Zimek and Sander, ACM TKDD 10 (2015) 5.
    """
    dimensions = min(dimensions, coordinates.shape[1])
    points = np.ascontiguousarray(coordinates[:, :dimensions], np.float64)
    min_samples = max(1, min(min_samples, len(points) - 1))
    model = _density_tree(points, min_cluster_size, min_samples)
    data = model.prediction_data_
    labels = model.labels_.astype(np.int32)

    def again(rows: np.ndarray) -> np.ndarray:
        found = _density_tree(points[rows], min_cluster_size, min_samples)
        return np.asarray(found.labels_)

    return ClusterModel(
        labels=labels,
        stability=cluster_stability(labels, again),
        strengths=np.nan_to_num(model.probabilities_.astype(np.float64)),
        core_distances=np.asarray(data.core_distances, np.float64),
        **_tree_arrays(model.condensed_tree_.to_numpy(), data, len(points)),
        min_samples=min_samples,
        dimensions=dimensions,
    )


def _density_tree(points: np.ndarray, min_cluster_size: int, min_samples: int) -> Any:
    from hdbscan import HDBSCAN

    return HDBSCAN(
        min_cluster_size=max(2, min(min_cluster_size, len(points))),
        min_samples=min_samples,
        cluster_selection_method=SELECTION,
        max_cluster_size=largest_size(len(points), min_cluster_size),
        core_dist_n_jobs=1,
        prediction_data=True,
    ).fit(points)


def largest_size(points: int, min_cluster_size: int) -> int:
    """Most points in a cluster: a third of all, so that no cluster is the library."""
    return max(int(LARGEST_SHARE * points), 2 * min_cluster_size)


def assign(space: LatentSpace, clip_ids: Sequence[str], embeddings: np.ndarray) -> Assignment:
    """Clusters of clips in a latent space: as fitted for its own clips, assigned for others.

    Args:
        space: the fitted space.
        clip_ids: (n,) identities.
        embeddings: (n, d) float32 in the same order.

    Raises:
        LatentSpaceError: the embeddings have another width than the space was fitted on.
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
    """Assign new points to the clusters of a fitted model, each on its own.

    A point joins the fitted point that it reaches first in mutual reachability distance, at the
    density of that distance: it belongs to the node which that point belongs to at that density.

    Args:
        model: the fitted model.
        reference: (n, k) principal components of the fitted points.
        points: (m, k) principal components of the new ones.

    Source: the rule of `approximate_predict` in the hdbscan package (McInnes and Healy).
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
    """Fitted point that each new one reaches first, and the density (1 / distance) of that."""
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
    """Walk up from the joined points' nodes to those that exist at the given densities."""
    node = model.point_node[joined].copy()
    climbing = model.point_lambda[joined] > density
    while True:
        climbing &= (node > 0) & (model.node_lambda[node] >= density)
        if not climbing.any():
            return node
        node[climbing] = model.node_parent[node[climbing]]


def _tree_arrays(tree: np.ndarray, data: object, points: int) -> dict[str, np.ndarray]:
    """Condensed tree and cluster maps as arrays over nodes numbered from 0 = root."""
    ids = np.unique(np.concatenate([tree["parent"], tree["child"][tree["child"] >= points]]))
    nodes = int(ids.max()) - points + 1 if len(ids) else 1
    parent, born = np.full(nodes, -1, np.int64), np.zeros(nodes)
    inner = tree[tree["child"] >= points]
    parent[inner["child"] - points] = inner["parent"] - points
    born[inner["child"] - points] = inner["lambda_val"]
    label, largest = np.full(nodes, NOISE, np.int64), np.zeros(nodes)
    for node, cluster in data.cluster_map.items():  # type: ignore[attr-defined]
        label[node - points] = cluster
        largest[node - points] = data.max_lambdas[node]  # type: ignore[attr-defined]
    leaf = tree[tree["child"] < points]
    point_node, point_lambda = np.zeros(points, np.int64), np.zeros(points)
    point_node[leaf["child"]] = leaf["parent"] - points
    point_lambda[leaf["child"]] = leaf["lambda_val"]
    return {
        "point_node": point_node,
        "point_lambda": point_lambda,
        "node_parent": parent,
        "node_lambda": born,
        "node_label": label,
        "node_max_lambda": largest,
    }
