"""Density-based clusters (HDBSCAN): fitting, and the fitted model as plain arrays.

Assigning clips to the fitted clusters does not belong here (`clusters`), nor does what a cluster
means (`analysis/insights`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from insight_dagster.analysis.latent_space.cluster_stability import cluster_stability

NOISE = -1


# Excess of mass with a maximum size. Leaf selection labels half of the demo's clips as noise;
# without a maximum size all classes but one can end up in one cluster.
SELECTION = "eom"


LARGEST_SHARE = 1 / 3


@dataclass(frozen=True)
class ClusterModel:
    """A fitted HDBSCAN model as plain arrays, sufficient to assign new points.

    Attributes:
        labels: (n,) int32 cluster of every fitted point, -1 = noise.
        strengths: (n,) float64 membership strength in 0..1.
        core_distances: (n,) distance to the `min_samples`-th neighbour, counting the point itself.
        point_node: (n,) condensed-tree node that every fitted point falls out of.
        point_lambda: (n,) density (1 / distance) at which it falls out.
        node_parent, node_lambda: (m,) parent of every node and density at which it is born; nodes
            are numbered from 0 (the root, whose parent is -1).
        node_label, node_max_lambda: (m,) cluster that the node belongs to (-1 = noise) and the
            largest density in that cluster.
        stability: (count,) stability of every cluster in 0..1 (`cluster_stability`); NaN where
            not measured.
        min_samples: number of neighbours that defines density.
        dimensions: number of leading principal components that distances are computed in.
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
        """Number of clusters."""
        return int(self.labels.max(initial=NOISE)) + 1

    @property
    def noise_share(self) -> float:
        """Share of the fitted points that are noise."""
        return float((self.labels == NOISE).mean()) if len(self.labels) else 0.0

    @property
    def mean_stability(self) -> float | None:
        """Stability averaged over the clustered points; None without clusters."""
        inside = self.stability[self.labels[self.labels >= 0]]
        return float(inside.mean()) if len(inside) and np.isfinite(inside).all() else None


def fit_clusters(
    coordinates: np.ndarray, *, min_cluster_size: int, min_samples: int, dimensions: int
) -> ClusterModel:
    """Fit density-based clusters in the leading principal components.

    Args:
        coordinates: (n, k) principal components, n >= 2.
        min_cluster_size: smallest number of points in a cluster, clipped to n.
        min_samples: number of neighbours that defines density, clipped to n - 1.
        dimensions: number of leading components used, clipped to k.

    Source: Campello, Moulavi, Zimek and Sander, ACM TKDD 10 (2015) 5.
    """
    dimensions = min(dimensions, coordinates.shape[1])
    points = np.ascontiguousarray(coordinates[:, :dimensions], np.float64)
    min_samples = max(1, min(min_samples, len(points) - 1))
    model = _density_tree(points, min_cluster_size, min_samples)
    data = model.prediction_data_
    labels = model.labels_.astype(np.int32)

    def cluster_again(rows: np.ndarray) -> np.ndarray:
        found = _density_tree(points[rows], min_cluster_size, min_samples)
        return np.asarray(found.labels_)

    return ClusterModel(
        labels=labels,
        stability=cluster_stability(labels, cluster_again),
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
    """Return the largest number of points in a cluster: a third of all points."""
    return max(int(LARGEST_SHARE * points), 2 * min_cluster_size)


def _tree_arrays(tree: np.ndarray, data: object, points: int) -> dict[str, np.ndarray]:
    """Return the condensed tree and the cluster maps as arrays over nodes, the root first."""
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
