"""Groups of clips that are denser than their class and repeat one another.

The definition of this kind belongs here: candidates, statistic, null, smallest effect, wording.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from insight_dagster.analysis import populations, statistics
from insight_dagster.analysis.insights.clip_table import ClipTable
from insight_dagster.analysis.insights.finding import Finding
from insight_dagster.analysis.insights.groups import tree_groups

KIND = "over_represented"
SMALLEST_RATIO = 1.5
LARGEST_INDEPENDENT_SHARE = 0.6
_FEWEST_CLIPS = 20
_SMALLEST_GROUP, _SMALLEST_SHARE = 6, 0.03
_DIMENSIONS = 8
_DRAWS = 199
_SCOPE = 1_200
_KEPT = 3
_GROWTH = 0.9
_DENSE_SHARE = 0.8


@dataclass(frozen=True)
class _Null:
    """Mean and deviation of the scan statistic by neighbour number, and maxima of its z-score."""

    orders: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray
    maxima: np.ndarray

    def z(self, log_ratio: np.ndarray) -> np.ndarray:
        return (log_ratio - self.mean) / self.deviation


def find(clips: ClipTable, class_name: str, rng: np.random.Generator) -> list[Finding]:
    """Dense, redundant groups inside one class.

    Density is told by distances to the h-th neighbour, h half the group's size, in the class's
    own leading components. The null is a class of the same clips' distances from its centre with
    random directions (an elliptical cloud with the same radial profile); of each such cloud the
    densest place, over all places and sizes, is taken: a group is held against the densest
    accident that a class of this size and spread produces.
    """
    rows = clips.of_class(class_name)
    if len(rows) > _SCOPE:
        rows = np.sort(rng.permutation(rows)[:_SCOPE])
    if len(rows) < _FEWEST_CLIPS:
        return []
    points = _own_components(clips.coordinates[rows])
    if points.shape[1] < 2:
        return []
    distances = _pairwise(points)
    null = _simulate(points, rng)
    smallest = max(_SMALLEST_GROUP, int(np.ceil(_SMALLEST_SHARE * len(rows))))
    groups = tree_groups(points, minimum=smallest, method="average")
    found = []
    for group in range(len(groups)):
        members = groups.rows(group)
        log_ratio, order = _log_density_ratio(distances, members, null.orders)
        found.append((float(null.z(log_ratio)[order]), members))
    return [
        _describe(
            clips, rows, members, points, p_value=statistics.gumbel_tail_p(z, null.maxima), rng=rng
        )
        for z, members in _strangest(found)
    ]


def _own_components(coordinates: np.ndarray) -> np.ndarray:
    """Leading components of the class alone, where they vary at all."""
    centred = coordinates - coordinates.mean(axis=0)
    _, singular, axes = np.linalg.svd(centred, full_matrices=False)
    if singular[0] <= 1e-6:
        return np.zeros((len(coordinates), 0))
    kept = min(_DIMENSIONS, int((singular > 1e-6 * singular[0]).sum()))
    return centred @ axes[:kept].T


def _pairwise(points: np.ndarray) -> np.ndarray:
    return _cross(points, points)


def _orders(n: int) -> np.ndarray:
    """Neighbour numbers that the scan looks at: about every quarter octave up to n / 4."""
    top = max(3, n // 4)
    return np.unique(np.round(np.geomspace(3, top, 2 + int(4 * np.log2(top / 3)))).astype(int))


def _reach(distances: np.ndarray, orders: np.ndarray) -> np.ndarray:
    """(n, h) distance of every row to its neighbours of the given numbers, itself not counted."""
    return np.partition(distances, orders, axis=1)[:, orders]


def _simulate(points: np.ndarray, rng: np.random.Generator) -> _Null:
    """Scan statistics of clouds with the class's radii and random directions."""
    orders = _orders(len(points))
    deviation = points.std(axis=0)
    radii = np.linalg.norm(points / deviation, axis=1)
    draws = np.empty((_DRAWS, len(orders)))
    for draw in range(_DRAWS):
        directions = rng.normal(size=points.shape)
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        reach = _reach(_pairwise(directions * radii[:, None] * deviation), orders)
        draws[draw] = np.log(np.median(reach, axis=0) / np.maximum(reach.min(axis=0), 1e-300))
    mean, spread = draws.mean(axis=0), np.maximum(draws.std(axis=0, ddof=1), 1e-9)
    return _Null(orders, mean, spread, ((draws - mean) / spread).max(axis=1))


def _log_density_ratio(
    distances: np.ndarray, members: np.ndarray, orders: np.ndarray
) -> tuple[np.ndarray, int]:
    """Log ratio of the class's to the group's distance at every order; the order to read it at.

    The group's distance is one that four in five members keep: a group that took in strangers is
    no denser for its core.
    """
    order = int(np.abs(orders - max(3, len(members) // 2)).argmin())
    h = int(min(orders[order], len(members) - 1))
    reach = np.partition(distances[np.ix_(members, members)], h, axis=1)[:, h]
    inside = np.quantile(reach, _DENSE_SHARE)
    usual = np.median(_reach(distances, orders), axis=0)
    return np.log(usual / max(inside, 1e-12)), order


def _strangest(found: list[tuple[float, np.ndarray]]) -> list[tuple[float, np.ndarray]]:
    """The groups of largest z that do not overlap."""
    kept: list[tuple[float, np.ndarray]] = []
    for z, members in sorted(found, key=lambda each: (-each[0], each[1].tolist())):
        if len(kept) < _KEPT and not any(np.isin(members, other).any() for _, other in kept):
            kept.append((z, members))
    return kept


def _grown(points: np.ndarray, members: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Members, and clips of the class that lie as close to half of them as members do.

    Weights are 1 within the members' usual distance and fall with distance beyond, to 0.5.
    """
    half = max(1, (len(members) - 1) // 2)
    reach = np.sort(_cross(points, points[members]), axis=1)
    distance = reach[:, half - 1].copy()
    distance[members] = reach[members, half]
    inside = distance[members]
    rows = np.union1d(members, np.flatnonzero(distance <= np.quantile(inside, _GROWTH)))
    return rows, np.clip(np.median(inside) / np.maximum(distance[rows], 1e-12), 0.5, 1.0)


def _describe(
    clips: ClipTable,
    rows: np.ndarray,
    members: np.ndarray,
    points: np.ndarray,
    *,
    p_value: float,
    rng: np.random.Generator,
) -> Finding:
    group, weights = _grown(points, members)
    distances = _pairwise(points)
    ratio = _ratio_interval(distances, group, rng)
    independent = _independent_size(distances, group)
    right = clips.correct[rows[group]]
    accuracy = f"; accuracy {np.nanmean(right):.0%}" if not np.isnan(right).all() else ""
    sentence = (
        f"{len(group)} {clips.labels[rows[0]]} clips ({len(group) / len(rows):.0%} of the class) "
        f"lie {ratio.estimate:.1f} times closer together than the class does and count as about "
        f"{independent:.0f} independent clips{accuracy}."
    )
    return Finding(
        kind=KIND,
        population=populations.ALL.name,
        rows=rows[group],
        weights=weights,
        effect_name="neighbour distance of the class / of the group",
        effect=ratio.estimate,
        ci_low=ratio.low,
        ci_high=ratio.high,
        p_value=p_value,
        strength=1 - independent / len(group),
        relevant=ratio.estimate >= SMALLEST_RATIO
        and independent <= LARGEST_INDEPENDENT_SHARE * len(group),
        sentence=sentence,
        action="Keep representatives and drop or down-weight the rest; collect clips of the class "
        "that differ.",
    )


def _ratio_interval(
    distances: np.ndarray, group: np.ndarray, rng: np.random.Generator
) -> statistics.Interval:
    """Class's over group's median distance to the h-th neighbour, members resampled."""
    h = max(2, len(group) // 4)
    outside = np.setdiff1d(np.arange(len(distances)), group)
    usual = float(np.median(_reach(distances[outside], np.array([min(h, len(distances) - 1)]))))
    inside = np.partition(distances[np.ix_(group, group)], h, axis=1)[:, h]
    draws = np.median(inside[rng.integers(0, len(group), (499, len(group)))], axis=1)
    low, high = statistics.percentile_interval(usual / np.maximum(draws, 1e-12))
    return statistics.Interval(usual / max(float(np.median(inside)), 1e-12), low, high)


def _independent_size(distances: np.ndarray, group: np.ndarray) -> float:
    """Members after discounting similarity: m^2 / sum of exp(-d^2 / 2 s^2) over all pairs.

    s is half the class's median distance between nearest neighbours outside the group: pairs as
    close as clips of the class usually are hardly count as repeats, pairs half as close do.
    """
    outside = np.setdiff1d(np.arange(len(distances)), group)
    scale = 0.5 * float(np.median(_reach(distances[outside], np.array([1]))))
    inner = distances[np.ix_(group, group)]
    return float(len(group) ** 2 / np.exp(-0.5 * (inner / max(scale, 1e-12)) ** 2).sum())


def _cross(points: np.ndarray, others: np.ndarray) -> np.ndarray:
    squared = (points**2).sum(axis=1)[:, None] + (others**2).sum(axis=1)
    return np.sqrt(np.maximum(squared - 2 * points @ others.T, 0))
