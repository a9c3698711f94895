"""Wasserstein distances of scalar fields for many labellings at once, and their max-T test.

Distances and their joint null distribution belong here; which fields are compared does not
(`metadata_drift`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from insight_dagster.analysis.numerics.permutation import tail_p

_DECILES = np.arange(0.1, 0.95, 0.1)
_PSEUDO_COUNT = 0.5


@dataclass(frozen=True)
class Scale:
    """Sorted values of a field, prepared for measuring many labellings.

    Attributes:
        order: (k,) int rows that sort the values.
        steps: (k - 1,) differences between consecutive values, in standard deviations.
        old_weights: (k,) weight of each value as an old one, in sorted order.
        new_weight: weight of each value as a new one.
    """

    order: np.ndarray
    steps: np.ndarray
    old_weights: np.ndarray
    new_weight: float


def scale_of(values: np.ndarray, is_new: np.ndarray, old_weights: np.ndarray) -> Scale:
    """Prepare one field, in standard deviations of its old values.

    In those of all values if the old ones are constant.

    Args:
        values: (k,) values of the clips that are compared, without NaN.
        is_new: (k,) bool.
        old_weights: (k,) weights from `Sides.old_weights`.
    """
    order = np.argsort(values, kind="stable")
    deviation = values[~is_new].std()
    if deviation <= 1e-12 * np.abs(values).max():
        deviation = values.std()
    steps = np.diff(values[order]) / deviation
    return Scale(order, steps, old_weights[order], float(1 / is_new.sum()))


def wasserstein_distances(is_new: np.ndarray, scale: Scale) -> np.ndarray:
    """Return (d,) Wasserstein-1 distances of d labellings (d, k): areas between the two CDFs.

    `scipy.stats.wasserstein_distance` takes one labelling at a time and sorts for each.

    Source: Vallender, Theory Probab. Appl. 18 (1974) 784.
    """
    gaps = is_new[:, scale.order[:-1]]
    gaps *= scale.new_weight + scale.old_weights[:-1]
    gaps -= scale.old_weights[:-1]
    np.cumsum(gaps, axis=1, out=gaps)
    return np.abs(gaps, out=gaps) @ scale.steps


def max_t(observed: np.ndarray, null: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (f,) unadjusted and (f,) adjusted p-values of distances, given their null draws.

    Adjusted by single-step max-T: distances are standardised by their own null distribution and
    compared with that of the largest one.

    Args:
        observed: (f,) distances.
        null: (b, f) null draws.

    Source: Westfall and Young, Resampling-Based Multiple Testing, 1993, section 2.6.
    """
    if not len(observed):
        return observed, observed
    plain = [tail_p(float(each), draws) for each, draws in zip(observed, null.T, strict=True)]
    middle, spread = null.mean(axis=0), np.maximum(null.std(axis=0), 1e-12)
    maxima = ((null - middle) / spread).max(axis=1)
    adjusted = [tail_p(float(each), maxima) for each in (observed - middle) / spread]
    return np.array(plain), np.maximum(plain, adjusted)


def population_stability_index(old: np.ndarray, new: np.ndarray) -> float:
    """Return the population stability index over the old values' deciles.

    It is the sum of (q - p) * ln(q / p), where p and q are the shares of old and new values in a
    bin. Half a clip is added to every bin, so that empty bins are finite. Equal deciles are merged.

    Args:
        old: (n,) float without NaN.
        new: (m,) float without NaN.
    """
    edges = np.unique(np.quantile(old, _DECILES))
    shares = []
    for values in (old, new):
        own = np.searchsorted(edges, values, side="left")
        counts = np.bincount(own, minlength=len(edges) + 1) + _PSEUDO_COUNT
        shares.append(counts / counts.sum())
    return float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())
