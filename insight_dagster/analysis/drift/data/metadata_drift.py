"""New clips' metadata beside the baseline's: did the data drift, and in what.

Distances between two sets of clips and their p-values belong here; latent vectors (`latent_drift`)
and how the model did on the clips do not. The null is that, within a split, any of the clips could
have been the new ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from insight_dagster.analysis.drift.data.embedding_drift import EmbeddingDrift
from insight_dagster.analysis.drift.data.strata import Sides, side_by_side, too_few
from insight_dagster.analysis.drift.data.wasserstein import (
    max_t,
    population_stability_index,
    scale_of,
    wasserstein_distances,
)
from insight_dagster.analysis.numerics.resampling import in_chunks
from insight_dagster.failures import Skipped
from insight_dagster.settings.thresholds import MIN_CLIPS

_CONSTANT = "constant"
_NAN = float("nan")


@dataclass(frozen=True)
class FieldDrift:
    """How one metadata field of the new clips differs from the baseline's.

    Attributes:
        name: of the field.
        clips_then, clips_now: clips on either side that are compared: it is known for them, and
            for clips of their split on the other side.
        median_then, median_now: of these, in the field's unit.
        distance: Wasserstein-1 distance in the baseline's standard deviations (in those of all
            clips where the baseline is constant); old clips are weighted to the new ones' splits.
        psi: population stability index; its usual limits of 0.1 and 0.25 are for many hundred
            clips, chance alone gives about 9 * (1 / clips_then + 1 / clips_now).
        direction: `higher` or `lower`: the new clips' mean against the baseline's.
        p_value: chance of such a distance in this field.
        adjusted_p: chance of a distance as strange in any of the fields.
        judged: whether it varies and is known for enough clips; distance, psi and p are NaN if not.
        reason: why it is not judged, or what to know about the comparison.
    """

    name: str
    clips_then: int
    clips_now: int
    median_then: float
    median_now: float
    distance: float
    psi: float
    direction: str
    p_value: float
    adjusted_p: float
    judged: bool = True
    reason: str = ""

    def __post_init__(self) -> None:
        if self.judged and not 0 <= self.p_value <= 1:
            raise ValueError(f"{self.name}: a judged field needs p in 0..1, got {self.p_value}")


@dataclass(frozen=True)
class DataDrift:
    """How the new clips of a class differ from its baseline.

    Attributes:
        clips_then: clips of the baseline, whether or not they can be scored.
        new_clips: clips that it does not hold, whether or not anything is known of them.
        fields: one a metadata field.
        embedding: of the latent vectors.
    """

    clips_then: int
    new_clips: int
    fields: tuple[FieldDrift, ...]
    embedding: EmbeddingDrift


def field_drift(
    then: np.ndarray,
    now: np.ndarray,
    names: Sequence[str],
    *,
    splits: tuple[np.ndarray, np.ndarray] | None = None,
    unlike: Skipped | None = None,
    draws: int = 999,
    seed: int = 0,
    min_clips: int = MIN_CLIPS,
) -> tuple[FieldDrift, ...]:
    """Compare every metadata field of the new clips with the baseline's, in the order given.

    The adjusted p is that of the largest standardised distance (max-T), the fields relabelled
    together, so that fields that say the same cost little. A field is relabelled over the clips
    for which it is known, so that as many of the new ones are known under every labelling.

    Args:
        then: (n, f) values of the baseline's clips; missing is NaN and left out field by field.
        now: (m, f) values of clips that the baseline does not hold.
        names: f field names.
        splits: (n,) and (m,) str that labels are exchanged within; None: none.
        unlike: why the values cannot be compared at all; None where they can.
        draws: relabellings of old and new.
        seed: of these.
        min_clips: fewest known values on either side.

    Raises:
        ValueError: the shapes do not agree with the names.
    """
    then, now = _checked(then, len(names)), _checked(now, len(names))
    sides, note = side_by_side(then, now, splits)
    compared = [sides.exchangeable(~np.isnan(sides.values[:, f])) for f in range(len(names))]
    skipped = [
        unlike or _why_not(sides.values[:, f], sides.is_new, rows, max(1, min_clips))
        for f, rows in enumerate(compared)
    ]
    judged = [f for f, each in enumerate(skipped) if each is None]
    tested = _tested(sides, compared, judged, draws=draws, seed=seed)
    return tuple(
        _described(
            names[f],
            sides.values[:, f],
            sides,
            rows,
            tested.get(f),
            reason=skip.reason if skip else note,
        )
        for f, (rows, skip) in enumerate(zip(compared, skipped, strict=True))
    )


def _tested(
    sides: Sides, compared: list[np.ndarray], judged: list[int], *, draws: int, seed: int
) -> dict[int, tuple[float, float, float]]:
    """Distance, p and adjusted p of the fields that are judged, by their number."""
    if not judged:
        return {}
    parts = {compared[f].tobytes(): sides.take(compared[f]) for f in judged}
    keys = {each: np.flatnonzero(np.frombuffer(each, bool)) for each in parts}
    own = [compared[f].tobytes() for f in judged]
    scales = [
        scale_of(parts[each].values[:, f], parts[each].is_new, parts[each].old_weights())
        for f, each in zip(judged, own, strict=True)
    ]
    rng = np.random.default_rng([seed, 3])

    def distances(labels: dict[bytes, np.ndarray]) -> np.ndarray:
        found = zip(own, scales, strict=True)
        return np.column_stack([wasserstein_distances(labels[e], scale) for e, scale in found])

    def draw(size: int) -> np.ndarray:
        drawn = rng.random((size, len(sides.is_new)))
        return distances({e: part.relabelled(drawn[:, keys[e]]) for e, part in parts.items()})

    null = in_chunks(draw, draws=draws, width=len(sides.is_new) * len(parts) + len(judged))
    observed = distances({e: part.is_new[None] * 1.0 for e, part in parts.items()})[0]
    found = zip(observed, *max_t(observed, null), strict=True)
    return {f: (float(d), float(p), float(q)) for f, (d, p, q) in zip(judged, found, strict=True)}


def _checked(values: np.ndarray, width: int) -> np.ndarray:
    values = np.asarray(values, np.float64)
    if values.ndim != 2 or values.shape[1] != width:
        raise ValueError(f"{width} fields need (n, {width}) values, got {values.shape}")
    return np.where(np.isfinite(values), values, np.nan)


def _why_not(
    values: np.ndarray, is_new: np.ndarray, compared: np.ndarray, min_clips: int
) -> Skipped | None:
    known = ~np.isnan(values)
    old, new = (int((compared & side).sum()) for side in (~is_new, is_new))
    skipped = too_few(old, new, min_clips, came=int(is_new.sum()))
    if skipped is None:
        return Skipped(_CONSTANT) if np.ptp(values[compared]) == 0 else None
    if min(int((known & side).sum()) for side in (~is_new, is_new)) >= min_clips:
        return Skipped(f"{skipped.reason} in splits that both have")
    return skipped


def _described(
    name: str,
    values: np.ndarray,
    sides: Sides,
    compared: np.ndarray,
    tested: tuple[float, float, float] | None,
    reason: str,
) -> FieldDrift:
    part = sides.take(compared)
    of_part = values[compared]
    then, now = of_part[~part.is_new], of_part[part.is_new]
    medians = [float(np.median(each)) if len(each) else _NAN for each in (then, now)]
    distance, p_value, adjusted = tested or (_NAN, _NAN, _NAN)
    direction = ""
    if tested:
        middle = part.old_weights()[~part.is_new] @ then
        direction = "higher" if now.mean() > middle else "lower"
    return FieldDrift(
        name=name,
        clips_then=len(then),
        clips_now=len(now),
        median_then=medians[0],
        median_now=medians[1],
        distance=distance,
        psi=population_stability_index(then, now) if tested else _NAN,
        direction=direction,
        p_value=p_value,
        adjusted_p=adjusted,
        judged=tested is not None,
        reason=reason,
    )
