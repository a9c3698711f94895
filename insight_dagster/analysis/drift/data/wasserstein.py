"""How far apart two samples of one number are, for many labellings and fields at once.

Distances and their joint null belong here; which fields are compared does not (`data_drift`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from insight_dagster.analysis.numerics.permutation import tail_p

_DECILES = np.arange(0.1, 0.95, 0.1)
_PSEUDO_COUNT = 0.5


@dataclass(frozen=True)
class Scale:
    """The compared values of a field as a scale to measure labellings on.

    Attributes:
        order: (k,) int rows of the values, rising.
        steps: (k - 1,) differences between them, in standard deviations.
        old_weights: (k,) what every one of them weighs as an old one, in that order.
        new_weight: what every one of them weighs as a new one.
    """

    order: np.ndarray
    steps: np.ndarray
    old_weights: np.ndarray
    new_weight: float


def scale_of(values: np.ndarray, is_new: np.ndarray, old_weights: np.ndarray) -> Scale:
    """The scale of one field (k,) without NaN, in the old values' standard deviations.

    In those of all values where the old ones are constant.

    Args:
        values: (k,) of the clips that are compared.
        is_new: (k,) bool.
        old_weights: (k,) of `Sides.old_weights`.
    """
    order = np.argsort(values, kind="stable")
    deviation = values[~is_new].std()
    if deviation <= 1e-12 * np.abs(values).max():
        deviation = values.std()
    steps = np.diff(values[order]) / deviation
    return Scale(order, steps, old_weights[order], float(1 / is_new.sum()))


def wasserstein_distances(is_new: np.ndarray, scale: Scale) -> np.ndarray:
    """(d,) Wasserstein-1 distances of d labellings (d, k): areas between distribution functions.

    Source: Vallender, Theory Probab. Appl. 18 (1974) 784.
    """
    gaps = is_new[:, scale.order[:-1]]
    gaps *= scale.new_weight + scale.old_weights[:-1]
    gaps -= scale.old_weights[:-1]
    np.cumsum(gaps, axis=1, out=gaps)
    return np.abs(gaps, out=gaps) @ scale.steps


def max_t(observed: np.ndarray, null: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(f,) plain and adjusted p-values of (f,) distances with (b, f) null draws.

    Adjusted by single-step max-T: distances are standardised by their own null and held against
    the null of the largest.

    Source: Westfall and Young, Resampling-Based Multiple Testing, 1993, section 2.6.
    """
    if not len(observed):
        return observed, observed
    plain = [tail_p(float(each), draws) for each, draws in zip(observed, null.T, strict=True)]
    middle, spread = null.mean(axis=0), np.maximum(null.std(axis=0), 1e-12)
    maxima = ((null - middle) / spread).max(axis=1)
    adjusted = [tail_p(float(each), maxima) for each in (observed - middle) / spread]
    return np.array(plain), np.maximum(plain, adjusted)


def population_stability_index(then: np.ndarray, now: np.ndarray) -> float:
    """Sum of (q - p) * ln(q / p) over the baseline's deciles.

    p and q are the shares of baseline and new values in a bin, half a clip added to every bin so
    that an empty one counts as rare. Equal deciles are one bin edge.

    Args:
        then: (n,) float without NaN.
        now: (m,) float without NaN.
    """
    edges = np.unique(np.quantile(then, _DECILES))
    shares = []
    for values in (then, now):
        own = np.searchsorted(edges, values, side="left")
        counts = np.bincount(own, minlength=len(edges) + 1) + _PSEUDO_COUNT
        shares.append(counts / counts.sum())
    return float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())
