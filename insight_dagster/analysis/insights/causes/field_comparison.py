"""Comparison of a group with other clips, field by field: effect, interval and p-value.

The statistics of one comparison belong here; what a group is compared with, and the correction
over fields and insights, do not (`explain`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from insight_dagster.analysis.numerics.effect_sizes import (
    bootstrap_standardised_difference,
    mann_whitney,
    standardised_difference,
)
from insight_dagster.analysis.numerics.permutation import rank_sum_permutation_p

_FEWEST = 3
_SMALL = 10
_DRAWS = 1_999
_BOOTSTRAP = 499
_OUTSIDE = 4_000


@dataclass(frozen=True)
class FieldComparison:
    """How two groups differ in f fields; all arrays are (f,).

    Attributes:
        effect, ci_low, ci_high: standardised mean difference, inside minus outside.
        auc: chance that a clip inside has the larger value.
        p_value: two-sided, of the rank sum; NaN where a field cannot be compared.
        inside, outside: medians; means where the medians tie or the field is 0 or 1.
    """

    effect: np.ndarray
    ci_low: np.ndarray
    ci_high: np.ndarray
    auc: np.ndarray
    p_value: np.ndarray
    inside: np.ndarray
    outside: np.ndarray


def compare_fields(
    values: np.ndarray, inside: np.ndarray, *, rng: np.random.Generator
) -> FieldComparison:
    """Compare the clips inside a group with those outside, field by field.

    Fields with fewer than three known values on either side, and constant ones, get p = NaN.
    Missing values are left out field by field.

    Args:
        values: (n, f) float, NaN = missing.
        inside: (n,) bool.
        rng: source of bootstrap and permutations.
    """
    values, inside = _thinned(values, inside, rng)
    out = np.full((7, values.shape[1]), np.nan)
    missing = np.isnan(values)
    patterns, which = np.unique(missing, axis=1, return_inverse=True)
    for pattern in range(patterns.shape[1]):
        fields = np.flatnonzero(which.ravel() == pattern)
        rows = ~patterns[:, pattern]
        if min((inside & rows).sum(), (~inside & rows).sum()) >= _FEWEST:
            out[:, fields] = _complete(values[np.ix_(rows, fields)], inside[rows], rng)
    return FieldComparison(*out)


def _thinned(
    values: np.ndarray, inside: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Keep all clips inside and at most 4,000 outside, as more hardly change a median."""
    outside = np.flatnonzero(~inside)
    if len(outside) <= _OUTSIDE:
        return values, inside
    kept = np.sort(np.concatenate([np.flatnonzero(inside), rng.permutation(outside)[:_OUTSIDE]]))
    return values[kept], inside[kept]


def _middles(values: np.ndarray, inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the medians of both sides; means where these tie or all values are 0 or 1."""
    medians = np.median(values[inside], axis=0), np.median(values[~inside], axis=0)
    binary = ((values == 0) | (values == 1)).all(axis=0)
    uninformative = binary | (medians[0] == medians[1])
    inner, outer = (
        np.where(uninformative, values[side].mean(axis=0), median)
        for side, median in zip((inside, ~inside), medians, strict=True)
    )
    return inner, outer


def _complete(values: np.ndarray, inside: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Compare fields without missing values: the (7, f) arrays of a `FieldComparison`."""
    effect = standardised_difference(values, inside)
    low, high = bootstrap_standardised_difference(values, inside, draws=_BOOTSTRAP, rng=rng)
    auc, p_value = mann_whitney(values, inside)
    if min(inside.sum(), (~inside).sum()) < _SMALL:
        drawn = rank_sum_permutation_p(values, inside, draws=_DRAWS, rng=rng)
        # Where no draw is as extreme, use the normal tail, which is too large for small groups.
        beyond = drawn <= 1.5 / (_DRAWS + 1)
        p_value = np.where(beyond, np.minimum(drawn, p_value), drawn)
    p_value = np.where(np.ptp(values, axis=0) > 0, p_value, np.nan)
    return np.stack(
        [
            effect,
            np.minimum(low, effect),
            np.maximum(high, effect),
            auc,
            p_value,
            *_middles(values, inside),
        ]
    )
