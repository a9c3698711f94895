"""Metadata drift: whether the metadata fields of new clips differ from the baseline's.

Choosing the clips that are compared and testing all fields jointly belong here; the distance
(`wasserstein`) and embeddings (`embedding_drift`) do not. Under the null hypothesis the labels old
and new are exchangeable within a split.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from insight_dagster.analysis.drift.data.strata import Sides, side_by_side, too_few
from insight_dagster.analysis.drift.data.wasserstein import (
    max_t,
    population_stability_index,
    scale_of,
    wasserstein_distances,
)
from insight_dagster.analysis.numerics.resampling import in_chunks
from insight_dagster.errors import Skipped
from insight_dagster.settings.thresholds import MIN_CLIPS

_CONSTANT = "constant"
_NAN = float("nan")


@dataclass(frozen=True)
class FieldDrift:
    """How one metadata field of new clips differs from the baseline's.

    Attributes:
        name: name of the field.
        baseline_clips, current_clips: clips compared: those with a value whose split has clips with
            a value on the other side too.
        baseline_median, current_median: medians over these clips, in the field's unit.
        distance: Wasserstein-1 distance in the baseline's standard deviations (those of all clips
            if the baseline is constant); old clips are weighted to the new ones' splits.
        psi: population stability index. Its usual limits of 0.1 and 0.25 are for many hundred
            clips: chance alone gives about 9 * (1 / baseline_clips + 1 / current_clips).
        direction: `higher` or `lower`: the new clips' mean relative to the baseline's.
        p_value: p-value of the distance in this field alone.
        adjusted_p: p-value corrected for all fields.
        tested: whether the field varies and is known for enough clips; distance, psi and p-values
            are NaN if not.
        reason: why it was not tested, or a remark on the comparison.

    Raises:
        ValueError: tested, but without a p-value.
    """

    name: str
    baseline_clips: int
    current_clips: int
    baseline_median: float
    current_median: float
    distance: float
    psi: float
    direction: str
    p_value: float
    adjusted_p: float
    tested: bool = True
    reason: str = ""

    def __post_init__(self) -> None:
        if self.tested and not 0 <= self.p_value <= 1:
            raise ValueError(
                f"{self.name}: a tested field needs a p-value in 0..1, got {self.p_value}"
            )


def field_drift(
    old_values: np.ndarray,
    new_values: np.ndarray,
    names: Sequence[str],
    *,
    splits: tuple[np.ndarray, np.ndarray] | None = None,
    skip: Skipped | None = None,
    draws: int = 999,
    seed: int = 0,
    min_clips: int = MIN_CLIPS,
) -> tuple[FieldDrift, ...]:
    """Test whether metadata fields of new clips are distributed like the baseline's.

    P-values are adjusted for all fields by the largest standardised distance (max-T), with all
    fields relabelled together, so that correlated fields cost little. A field is relabelled over
    the clips whose value is known, so that the same number of new values is known in every draw.

    Args:
        old_values: (n, f) values of the baseline's clips; NaN are left out field by field.
        new_values: (m, f) values of clips that the baseline does not hold.
        names: names of the f fields.
        splits: (n,) and (m,) str splits that labels are exchanged within; None = no splits.
        skip: why the values cannot be compared at all; None if they can.
        draws: number of relabellings.
        seed: seed of the relabellings.
        min_clips: smallest number of known values on either side.

    Returns:
        Drift of each field, in the order of the names.

    Raises:
        ValueError: the shapes do not match the names.
    """
    old_values, new_values = _checked(old_values, len(names)), _checked(new_values, len(names))
    sides, note = side_by_side(old_values, new_values, splits)
    compared = [sides.exchangeable(~np.isnan(sides.values[:, f])) for f in range(len(names))]
    skipped = [
        skip or _why_skipped(sides.values[:, f], sides.is_new, rows, max(1, min_clips))
        for f, rows in enumerate(compared)
    ]
    varying = [f for f, each in enumerate(skipped) if each is None]
    tests = _test_fields(sides, compared, varying, draws=draws, seed=seed)
    return tuple(
        _field_result(
            names[f],
            sides.values[:, f],
            sides,
            rows,
            tests.get(f),
            reason=without.reason if without else note,
        )
        for f, (rows, without) in enumerate(zip(compared, skipped, strict=True))
    )


@dataclass(frozen=True)
class _FieldTest:
    """Distance of one field with its own and its adjusted p-value."""

    distance: float
    p_value: float
    adjusted_p: float


def _test_fields(
    sides: Sides, compared: list[np.ndarray], tested: list[int], *, draws: int, seed: int
) -> dict[int, _FieldTest]:
    """Test some fields jointly; results by number of the field."""
    if not tested:
        return {}
    parts = {compared[f].tobytes(): sides.take(compared[f]) for f in tested}
    keys = {each: np.flatnonzero(np.frombuffer(each, bool)) for each in parts}
    own = [compared[f].tobytes() for f in tested]
    scales = [
        scale_of(parts[each].values[:, f], parts[each].is_new, parts[each].old_weights())
        for f, each in zip(tested, own, strict=True)
    ]
    rng = np.random.default_rng([seed, 3])

    def distances(labels: dict[bytes, np.ndarray]) -> np.ndarray:
        found = zip(own, scales, strict=True)
        return np.column_stack([wasserstein_distances(labels[e], scale) for e, scale in found])

    def draw(size: int) -> np.ndarray:
        drawn = rng.random((size, len(sides.is_new)))
        return distances({e: part.relabelled(drawn[:, keys[e]]) for e, part in parts.items()})

    null = in_chunks(draw, draws=draws, width=len(sides.is_new) * len(parts) + len(tested))
    observed = distances({e: part.is_new[None] * 1.0 for e, part in parts.items()})[0]
    found = zip(observed, *max_t(observed, null), strict=True)
    return {f: _FieldTest(*map(float, each)) for f, each in zip(tested, found, strict=True)}


def _checked(values: np.ndarray, width: int) -> np.ndarray:
    """Return (n, width) float values with everything that is not finite as NaN."""
    values = np.asarray(values, np.float64)
    if values.ndim != 2 or values.shape[1] != width:
        raise ValueError(f"{width} fields need values of shape (n, {width}), got {values.shape}")
    return np.where(np.isfinite(values), values, np.nan)


def _why_skipped(
    values: np.ndarray, is_new: np.ndarray, compared: np.ndarray, min_clips: int
) -> Skipped | None:
    known = ~np.isnan(values)
    old, new = (int((compared & side).sum()) for side in (~is_new, is_new))
    skipped = too_few(old, new, min_clips, arrived=int(is_new.sum()))
    if skipped is None:
        return Skipped(_CONSTANT) if np.ptp(values[compared]) == 0 else None
    if min(int((known & side).sum()) for side in (~is_new, is_new)) >= min_clips:
        return Skipped(f"{skipped.reason} in splits that both have")
    return skipped


def _field_result(
    name: str,
    values: np.ndarray,
    sides: Sides,
    compared: np.ndarray,
    test: _FieldTest | None,
    reason: str,
) -> FieldDrift:
    part, known = sides.take(compared), values[compared]
    old, new = known[~part.is_new], known[part.is_new]
    medians = [float(np.median(each)) if len(each) else _NAN for each in (old, new)]
    direction = ""
    if test:
        old_mean = part.old_weights()[~part.is_new] @ old
        direction = "higher" if new.mean() > old_mean else "lower"
    return FieldDrift(
        name=name,
        baseline_clips=len(old),
        current_clips=len(new),
        baseline_median=medians[0],
        current_median=medians[1],
        distance=test.distance if test else _NAN,
        psi=population_stability_index(old, new) if test else _NAN,
        direction=direction,
        p_value=test.p_value if test else _NAN,
        adjusted_p=test.adjusted_p if test else _NAN,
        tested=test is not None,
        reason=reason,
    )
