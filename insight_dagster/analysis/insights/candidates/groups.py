"""Candidate groups of clips: nodes of cluster trees, clusters, and tails of a field.

Proposing groups without looking at losses or splits belongs here; testing them does not
(`max_t_scan`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MINIMUM_SIZE = 5
WHOLE_TREE = 4_000
"""Most points in one tree of points; above it, the tree is built over micro-clusters."""
_MICRO_CLUSTERS = 2_000
_LEADING, _ROUNDS = 16, 6
_LARGEST_SHARE = 0.5
_LARGEST_TAIL = 0.3
_TAIL_STEP = 1.125
_CLIPPED_AT = 4.0


@dataclass(frozen=True)
class Groups:
    """Groups as intervals of one order of the rows: sums over them are differences of running sums.

    Attributes:
        order: (n,) rows, ordered so that every group is contiguous.
        starts, stops: (g,) half-open intervals of `order`.
    """

    order: np.ndarray
    starts: np.ndarray
    stops: np.ndarray

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def sizes(self) -> np.ndarray:
        """(g,) number of members of every group."""
        return self.stops - self.starts

    def rows(self, group: int) -> np.ndarray:
        """Return the sorted rows of one group."""
        return np.sort(self.order[self.starts[group] : self.stops[group]])

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Return the sums of (..., n) values over every group: (..., g)."""
        ordered = values[..., self.order]
        running = np.concatenate(
            [np.zeros((*ordered.shape[:-1], 1)), np.cumsum(ordered, axis=-1)], axis=-1
        )
        return running[..., self.stops] - running[..., self.starts]


@dataclass(frozen=True)
class SelectedGroup:
    """A group that a search selected.

    Attributes:
        members: (m,) positions of its clips.
        z: its deviate.
        p_value: corrected for all groups that were searched.
    """

    members: np.ndarray
    z: float
    p_value: float


def tree_groups(
    points: np.ndarray, *, minimum: int = MINIMUM_SIZE, method: str = "ward", seed: int = 0
) -> Groups:
    """Return the nodes of a hierarchical clustering that hold `minimum` to half of the points.

    Above 4,000 points the leaves of the tree are 2,000 k-means cells, as distances between all
    points would need n^2 memory.

    Args:
        points: (n, d).
        minimum: fewest points of a group.
        method: linkage method of scipy.
        seed: of the k-means cells.
    """
    n = len(points)
    if n < 2 * minimum or not points.shape[1]:
        return Groups(np.arange(n), np.zeros(0, np.int64), np.zeros(0, np.int64))
    from scipy.cluster.hierarchy import linkage

    if n <= WHOLE_TREE:
        return _nodes(linkage(points, method=method), np.arange(n), minimum)
    cells, centres = _cells(points, seed)
    return _nodes(linkage(centres, method=method), cells, minimum)


def class_tree_groups(
    points: np.ndarray, labels: np.ndarray, *, minimum: int = MINIMUM_SIZE
) -> Groups:
    """Return the nodes of one tree per class, side by side in one order."""
    order, starts, stops, done = [], [], [], 0
    for name in np.unique(labels):
        rows = np.flatnonzero(labels == name)
        found = tree_groups(points[rows], minimum=minimum)
        order.append(rows[found.order])
        starts.append(found.starts + done)
        stops.append(found.stops + done)
        done += len(rows)
    if not order:
        return tree_groups(points)
    return Groups(np.concatenate(order), np.concatenate(starts), np.concatenate(stops))


def density_groups(points: np.ndarray, *, minimum: int = MINIMUM_SIZE) -> Groups:
    """Return the nodes of HDBSCAN's condensed tree: dense groups at all levels.

    None above 4,000 points, where the tree would take longer than everything else.
    """
    n = len(points)
    nothing = Groups(np.arange(n), np.zeros(0, np.int64), np.zeros(0, np.int64))
    if n < 4 * minimum or n > WHOLE_TREE or not points.shape[1]:
        return nothing
    from hdbscan import HDBSCAN

    model = HDBSCAN(min_cluster_size=minimum, min_samples=2, core_dist_n_jobs=1).fit(points)
    below: dict[int, list[int]] = {}
    for parent, child, _, _ in model.condensed_tree_.to_numpy().tolist():
        below.setdefault(int(parent), []).append(int(child))
    order: list[int] = []
    spans = _spans(below, n, order)
    sized = [(a, b) for a, b in spans if minimum <= b - a <= _LARGEST_SHARE * n]
    if len(order) != n or not sized:
        return nothing
    starts, stops = np.array(sorted(sized), np.int64).T
    return Groups(np.array(order, np.int64), starts, stops)


def _spans(below: dict[int, list[int]], points: int, order: list[int]) -> list[tuple[int, int]]:
    """Return the interval of every inner node of a tree, and append its leaves to `order`.

    Nodes with numbers below `points` are leaves.
    """
    spans: list[tuple[int, int]] = []
    open_nodes: list[tuple[int, int]] = []
    waiting: list[tuple[int, bool]] = [(min(below, default=points), False)]
    while waiting:
        node, closing = waiting.pop()
        if closing:
            spans.append((open_nodes.pop()[1], len(order)))
        elif node < points:
            order.append(node)
        else:
            open_nodes.append((node, len(order)))
            waiting.append((node, True))
            waiting += [(child, False) for child in reversed(below.get(node, []))]
    return spans


def rough_cells(points: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    """Return a k-means cell of every point, after six rounds on 16 coordinates: (n,) int64.

    A starting point for a mixture. Written out, as scikit-learn's k-means spends ten times as long
    on setting up its threads as on this little computation.
    """
    from sklearn.cluster import kmeans_plusplus

    leading = np.ascontiguousarray(points[:, :_LEADING], np.float64)
    if k < 2 or not np.ptp(leading, axis=0).any():
        return np.zeros(len(points), np.int64)
    squared = (leading**2).sum(axis=1)
    centres, _ = kmeans_plusplus(
        leading, k, x_squared_norms=squared, random_state=int(rng.integers(2**31))
    )
    for _ in range(_ROUNDS):
        cell = np.argmin((centres**2).sum(axis=1) - 2 * leading @ centres.T, axis=1)
        inside = np.zeros((len(points), k))
        inside[np.arange(len(points)), cell] = 1.0
        counts = inside.sum(axis=0)
        held = counts > 0
        centres[held] = (inside.T @ leading)[held] / counts[held, None]
    return cell


def _cells(points: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the k-means cell of every point, numbered without gaps, and the cells' centres."""
    from sklearn.cluster import MiniBatchKMeans

    model = MiniBatchKMeans(
        _MICRO_CLUSTERS, batch_size=8_192, n_init=1, max_iter=20, random_state=seed
    ).fit(points)
    used, cells = np.unique(model.labels_, return_inverse=True)
    return cells.ravel(), model.cluster_centers_[used]


def _nodes(tree: np.ndarray, leaf_of: np.ndarray, minimum: int) -> Groups:
    """Return the nodes of a linkage; `leaf_of` gives the leaf that each row belongs to."""
    from scipy.cluster.hierarchy import leaves_list

    leaves, n = len(tree) + 1, len(leaf_of)
    position = np.empty(leaves, np.int64)
    position[leaves_list(tree)] = np.arange(leaves)
    order = np.argsort(position[leaf_of], kind="stable").astype(np.int64)
    held = np.bincount(leaf_of, minlength=leaves)
    starts = np.zeros(2 * leaves - 1, np.int64)
    starts[leaves_list(tree)] = np.concatenate([[0], np.cumsum(held[leaves_list(tree)])[:-1]])
    sizes = np.concatenate([held, np.zeros(leaves - 1, np.int64)])
    for step, (left, right) in enumerate(tree[:, :2].astype(np.int64)):
        starts[leaves + step] = min(starts[left], starts[right])
        sizes[leaves + step] = sizes[left] + sizes[right]
    kept = np.flatnonzero((sizes >= minimum) & (sizes <= _LARGEST_SHARE * n))
    return Groups(order, starts[kept], starts[kept] + sizes[kept])


def cluster_groups(cluster: np.ndarray, *, minimum: int = MINIMUM_SIZE) -> Groups:
    """Return the clusters of (n,) cluster numbers as groups; -1 is no cluster."""
    order = np.argsort(cluster, kind="stable").astype(np.int64)
    numbers, starts, sizes = np.unique(cluster[order], return_index=True, return_counts=True)
    kept = (numbers >= 0) & (sizes >= minimum) & (sizes <= _LARGEST_SHARE * len(cluster))
    return Groups(order, starts[kept], starts[kept] + sizes[kept])


def tail_groups(values: np.ndarray, *, minimum: int = MINIMUM_SIZE) -> Groups:
    """Return tails of one field on both sides, from `minimum` to 30 % of the known values.

    Each tail is an eighth larger than the one before. Cuts fall between different values only;
    missing values are in neither tail.

    Args:
        values: (n,), NaN = missing.
        minimum: fewest points of a tail.
    """
    order = np.argsort(values, kind="stable").astype(np.int64)
    known = int((~np.isnan(values)).sum())
    ordered = values[order][:known]
    cuts = np.flatnonzero(ordered[1:] > ordered[:-1]) + 1
    low = _near_sizes(cuts, minimum, _LARGEST_TAIL * known)
    high = known - _near_sizes((known - cuts)[::-1], minimum, _LARGEST_TAIL * known)
    starts = np.concatenate([np.zeros(len(low), np.int64), high])
    return Groups(order, starts, np.concatenate([low, np.full(len(high), known)]))


def _near_sizes(sizes: np.ndarray, smallest: int, largest: float) -> np.ndarray:
    """Select from rising sizes those next to a geometric series from smallest to largest."""
    sizes = sizes[(sizes >= smallest) & (sizes <= largest)]
    if not len(sizes):
        return sizes
    steps = int(np.ceil(np.log(largest / smallest) / np.log(_TAIL_STEP))) + 1
    wanted = np.geomspace(smallest, largest, max(1, steps))
    return sizes[np.unique(np.minimum(np.searchsorted(sizes, wanted), len(sizes) - 1))]


def standardised(values: np.ndarray) -> np.ndarray:
    """Standardise (n, f) fields robustly; missing values take the median.

    Centre and scale are the median and the scaled median absolute deviation (the standard
    deviation where more than half of the values agree). Values are clipped at 4 deviations,
    constant fields dropped.
    """
    if not len(values):
        return values
    known = ~np.isnan(values).all(axis=0)
    values = values[:, known]
    middle = np.nanmedian(values, axis=0)
    centred = np.where(np.isnan(values), 0.0, values - middle)
    scale = np.median(np.abs(centred), axis=0) * 1.4826
    plain = centred.std(axis=0)
    scale = np.where(scale > 1e-3 * plain, scale, plain)
    varies = scale > 1e-9 * np.maximum(1.0, np.abs(middle))
    return np.clip(centred[:, varies] / scale[varies], -_CLIPPED_AT, _CLIPPED_AT)
