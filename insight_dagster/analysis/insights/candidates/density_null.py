"""How close the clips of a class lie to one another by chance: the null of `over_represented`.

Simulated point clouds and their neighbour distances belong here; choosing groups does not
(`kinds.over_represented`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import cdist

_DRAWS = 199
_SMALLEST_ORDER = 3


@dataclass(frozen=True)
class DensityNull:
    """Neighbour distances of every point of a class over simulated clouds.

    Attributes:
        orders: (h,) numbers k of the k-th nearest neighbours, ascending from 1.
        mean, deviation: (n, h) of the log distance to the neighbour of that number, over clouds.
        maxima: (b,) the largest z of each cloud, over points and orders from 3 on.
    """

    orders: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray
    maxima: np.ndarray

    def z(self, points: np.ndarray, log_reach: np.ndarray, h: int) -> np.ndarray:
        """Return z-scores of the h-th neighbour's distance; positive where it is closer."""
        order = int(np.abs(self.orders - h).argmin())
        return (self.mean[points, order] - log_reach) / self.deviation[points, order]

    def expected_count(self, points: np.ndarray, log_reach: np.ndarray) -> np.ndarray:
        """Return the expected number of neighbours within these log distances, per point.

        Below the first neighbour's distance, extrapolated from the first two.
        """
        logs = np.log(self.orders)
        counts = np.empty(len(points))
        for position, (point, reach) in enumerate(zip(points, log_reach, strict=True)):
            curve = np.maximum.accumulate(self.mean[point])
            below = (logs[1] - logs[0]) / max(curve[1] - curve[0], 1e-6) * (reach - curve[0])
            counts[position] = np.exp(below if reach < curve[0] else np.interp(reach, curve, logs))
        return counts


def simulate(points: np.ndarray, rng: np.random.Generator) -> DensityNull:
    """Simulate the null of a class from its (n, d) centred points with uncorrelated columns.

    Every cloud keeps each point's distance from the centre, in units of the class's deviation
    along each axis, and draws its direction at random: an ellipse with the class's own radial
    profile, however peaked or heavy-tailed. A dense centre is therefore expected, a dense place
    elsewhere is not. A group is compared with the densest place of every cloud.
    """
    orders = _orders(len(points))
    scale = points.std(axis=0)
    radii = np.linalg.norm(points / scale, axis=1)
    logs = np.empty((_DRAWS, len(points), len(orders)), np.float32)
    for draw in range(_DRAWS):
        directions = rng.normal(size=points.shape)
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        cloud = directions * radii[:, None] * scale
        # Sorting single-precision rows whole is faster than partitioning at many orders.
        reach = np.sort(cdist(cloud, cloud).astype(np.float32), axis=1)[:, orders]
        logs[draw] = np.log(np.maximum(reach, 1e-12))
    mean, deviation = logs.mean(axis=0), np.maximum(logs.std(axis=0, ddof=1), 1e-6)
    counted = orders >= _SMALLEST_ORDER
    maxima = ((mean - logs) / deviation)[:, :, counted].max(axis=(1, 2))
    return DensityNull(orders, mean, deviation, maxima.astype(np.float64))


def _orders(n: int) -> np.ndarray:
    """Return neighbour numbers from 1 up to n / 4, about four per doubling."""
    top = max(_SMALLEST_ORDER, n // 4)
    return np.unique(np.round(np.geomspace(1, top, 2 + int(4 * np.log2(top)))).astype(int))
