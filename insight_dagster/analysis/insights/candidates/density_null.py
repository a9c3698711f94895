"""How close to one another the clips of a class lie by chance: the null of `over_represented`.

Simulated clouds and what is read off them belong here; choosing groups does not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_DRAWS = 199
_SMALLEST_ORDER = 3


@dataclass(frozen=True)
class DensityNull:
    """What chance gives at every point of a class.

    Attributes:
        orders: (h,) neighbour numbers, rising from 1.
        mean, deviation: (n, h) of the log distance to the neighbour of that number, over clouds.
        maxima: (b,) the largest z over points and orders from 3 on, of every cloud.
    """

    orders: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray
    maxima: np.ndarray

    def z(self, points: np.ndarray, log_reach: np.ndarray, h: int) -> np.ndarray:
        """How much closer than expected the h-th neighbour is, in deviations, per point."""
        order = int(np.abs(self.orders - h).argmin())
        return (self.mean[points, order] - log_reach) / self.deviation[points, order]

    def expected_count(self, points: np.ndarray, log_reach: np.ndarray) -> np.ndarray:
        """Neighbours that chance has within these log distances, per point.

        Below the first neighbour's distance the count falls as it does between the first two.
        """
        logs = np.log(self.orders)
        counts = np.empty(len(points))
        for position, (point, reach) in enumerate(zip(points, log_reach, strict=True)):
            curve = np.maximum.accumulate(self.mean[point])
            below = (logs[1] - logs[0]) / max(curve[1] - curve[0], 1e-6) * (reach - curve[0])
            counts[position] = np.exp(below if reach < curve[0] else np.interp(reach, curve, logs))
        return counts


def simulate(points: np.ndarray, rng: np.random.Generator) -> DensityNull:
    """Null of a class at (n, d) centred points with uncorrelated columns.

    Every cloud keeps each point's distance from the middle, in units of the class's deviation
    along each axis, and draws its direction at random: an ellipse with the class's own radial
    profile, however peaked or heavy-tailed. A dense middle is therefore expected, a dense place
    off the middle is not. The densest place of every cloud is what a group is held against.
    """
    orders = _orders(len(points))
    deviation = points.std(axis=0)
    radii = np.linalg.norm(points / deviation, axis=1)
    logs = np.empty((_DRAWS, len(points), len(orders)), np.float32)
    for draw in range(_DRAWS):
        directions = rng.normal(size=points.shape)
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        cloud = directions * radii[:, None] * deviation
        # Sorting single-precision rows whole is faster than partitioning at many orders.
        reach = np.sort(pairwise(cloud, cloud).astype(np.float32), axis=1)[:, orders]
        logs[draw] = np.log(np.maximum(reach, 1e-12))
    mean, spread = logs.mean(axis=0), np.maximum(logs.std(axis=0, ddof=1), 1e-6)
    counted = orders >= _SMALLEST_ORDER
    maxima = ((mean - logs) / spread)[:, :, counted].max(axis=(1, 2))
    return DensityNull(orders, mean, spread, maxima.astype(np.float64))


def _orders(n: int) -> np.ndarray:
    """Neighbour numbers from 1, about every quarter octave, up to n / 4."""
    top = max(_SMALLEST_ORDER, n // 4)
    return np.unique(np.round(np.geomspace(1, top, 2 + int(4 * np.log2(top)))).astype(int))


def pairwise(points: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(n, m) Euclidean distances."""
    squared = (points**2).sum(axis=1)[:, None] + (others**2).sum(axis=1)
    return np.sqrt(np.maximum(squared - 2 * points @ others.T, 0))
