"""New clips' metadata and embeddings beside the baseline's: did the data drift, and in what.

Distances between two sets of clips and their p-values belong here; how the model did on them does
not. The null is that any of all clips could have been the new ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from insight_dagster.analysis.drift.field_distance import (
    max_t,
    population_stability_index,
    scale_of,
    wasserstein_distances,
)
from insight_dagster.analysis.drift.kernel_distance import (
    gaussian_kernel,
    mean_discrepancies,
    witness_auc,
)
from insight_dagster.analysis.drift.resampling import in_chunks, tail_p

_CONSTANT = "constant"


@dataclass(frozen=True)
class FieldDrift:
    """How one metadata field of the new clips differs from the baseline's.

    Attributes:
        name: of the field.
        clips_then, clips_now: clips on either side for which it is known.
        median_then, median_now: in the field's unit.
        distance: Wasserstein-1 distance in the baseline's standard deviations (in those of all
            clips where the baseline is constant).
        psi: population stability index; its usual limits of 0.1 and 0.25 are for many hundred
            clips, chance alone gives about 9 * (1 / clips_then + 1 / clips_now).
        direction: `higher` or `lower`: the new clips' mean against the baseline's.
        p_value: chance of such a distance in this field.
        adjusted_p: chance of a distance as strange in any of the fields.
        judged: whether it varies and is known for enough clips; distance, psi and p are NaN if not.
        reason: why it is not judged.
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
class EmbeddingDrift:
    """How the new clips lie in the latent space beside the baseline's.

    Attributes:
        clips_then, clips_now: clips compared.
        mmd2: squared maximum mean discrepancy, unbiased (may be below 0); NaN when not judged.
        auc: chance that a new clip lies where new clips outweigh old ones more than an old clip
            does (the kernel's witness, leave-pair-out); 0.5 = alike.
        p_value: of `mmd2`.
        judged: whether there are enough clips.
        reason: why it is not judged.
    """

    clips_then: int
    clips_now: int
    mmd2: float
    auc: float
    p_value: float
    judged: bool = True
    reason: str = ""

    def __post_init__(self) -> None:
        if self.judged and not 0 <= self.p_value <= 1:
            raise ValueError(f"a judged embedding needs p in 0..1, got {self.p_value}")


def field_drift(
    then: np.ndarray,
    now: np.ndarray,
    names: Sequence[str],
    *,
    draws: int = 999,
    seed: int = 0,
    min_clips: int = 20,
) -> tuple[FieldDrift, ...]:
    """Compare every metadata field of the new clips with the baseline's, in the order given.

    The adjusted p is that of the largest standardised distance (max-T), the fields relabelled
    together, so that fields that say the same cost little.

    Args:
        then: (n, f) values of the baseline's clips; missing is NaN and left out field by field.
        now: (m, f) values of clips that the baseline does not hold.
        names: f field names.
        draws: relabellings of old and new.
        seed: of these.
        min_clips: fewest known values on either side.

    Raises:
        ValueError: the shapes do not agree with the names.
    """
    then, now = _checked(then, len(names)), _checked(now, len(names))
    values, is_new = np.concatenate([then, now]), np.arange(len(then) + len(now)) >= len(then)
    reasons = [_why_not(values[:, f], is_new, max(1, min_clips)) for f in range(len(names))]
    judged = [f for f, reason in enumerate(reasons) if not reason]
    scales = [scale_of(values[:, f], is_new) for f in judged]
    rng = np.random.default_rng([seed, 3])
    labels = is_new.astype(np.float64)

    def draw(size: int) -> np.ndarray:
        return wasserstein_distances(rng.permuted(np.tile(labels, (size, 1)), axis=1), scales)

    null = in_chunks(draw, draws=draws, width=len(is_new) + len(names))
    observed = wasserstein_distances(labels[None], scales)[0]
    p_values, adjusted = max_t(observed, null)
    tested = {f: each for f, *each in zip(judged, observed, p_values, adjusted, strict=True)}
    return tuple(
        _described(names[f], values[:, f], is_new, tested.get(f), reasons[f])
        for f in range(len(names))
    )


def embedding_drift(
    then: np.ndarray,
    now: np.ndarray,
    *,
    draws: int = 999,
    seed: int = 0,
    cap: int = 500,
    min_clips: int = 20,
) -> EmbeddingDrift:
    """Compare where the new clips lie in the latent space with where the baseline's do.

    Unbiased squared maximum mean discrepancy with a Gaussian kernel (bandwidth: median distance)
    on standardised coordinates, under random relabelling; the same kernel gives the densities of
    `auc`.

    Args:
        then: (n, k) coordinates of the baseline's clips.
        now: (m, k) coordinates of clips that the baseline does not hold, in the same space.
        draws: relabellings.
        seed: of these and of the sample.
        cap: clips a side at most; more are sampled.
        min_clips: fewest clips on either side.

    Raises:
        ValueError: the widths differ or a coordinate is missing.
    """
    then, now = (_in_order(np.asarray(each, np.float64)) for each in (then, now))
    if then.shape[1] != now.shape[1] or not (np.isfinite(then).all() and np.isfinite(now).all()):
        raise ValueError(
            f"embeddings need finite coordinates of one width, got {then.shape} and {now.shape}"
        )
    reason = _too_few(len(then), len(now), max(2, min_clips))
    if reason:
        nan = float("nan")
        return EmbeddingDrift(len(then), len(now), nan, nan, nan, judged=False, reason=reason)
    rng = np.random.default_rng([seed, 4])
    then, now = (each[np.sort(rng.permutation(len(each))[:cap])] for each in (then, now))
    kernel = gaussian_kernel(np.concatenate([then, now]))
    labels = (np.arange(len(kernel)) >= len(then)).astype(np.float64)

    def draw(size: int) -> np.ndarray:
        return mean_discrepancies(kernel, rng.permuted(np.tile(labels, (size, 1)), axis=1))

    null = in_chunks(draw, draws=draws, width=len(kernel))
    observed = float(mean_discrepancies(kernel, labels[None])[0])
    auc = witness_auc(kernel, labels)
    return EmbeddingDrift(len(then), len(now), observed, auc, tail_p(observed, null))


def _checked(values: np.ndarray, width: int) -> np.ndarray:
    values = np.asarray(values, np.float64)
    if values.ndim != 2 or values.shape[1] != width:
        raise ValueError(f"{width} fields need (n, {width}) values, got {values.shape}")
    return _in_order(np.where(np.isfinite(values), values, np.nan))


def _in_order(values: np.ndarray) -> np.ndarray:
    """The rows sorted by value: what follows cannot depend on their order."""
    return values[np.lexsort(values.T[::-1])] if values.shape[1] else values


def _too_few(old: int, new: int, min_clips: int) -> str:
    """Why two sets cannot be compared, '' when they can."""
    if not new:
        return "no new clips"
    side, found = ("new", new) if new < min_clips else ("old", old)
    return f"{found} of the {min_clips} {side} clips needed" if found < min_clips else ""


def _why_not(values: np.ndarray, is_new: np.ndarray, min_clips: int) -> str:
    known = ~np.isnan(values)
    reason = _too_few(int((known & ~is_new).sum()), int((known & is_new).sum()), min_clips)
    return reason or (_CONSTANT if np.ptp(values[known]) == 0 else "")


def _described(
    name: str,
    values: np.ndarray,
    is_new: np.ndarray,
    tested: list | None,
    reason: str,
) -> FieldDrift:
    known = ~np.isnan(values)
    then, now = values[known & ~is_new], values[known & is_new]
    nan = float("nan")
    medians = [float(np.median(each)) if len(each) else nan for each in (then, now)]
    distance, p_value, adjusted = (float(each) for each in tested or (nan, nan, nan))
    return FieldDrift(
        name=name,
        clips_then=len(then),
        clips_now=len(now),
        median_then=medians[0],
        median_now=medians[1],
        distance=distance,
        psi=population_stability_index(then, now) if tested else nan,
        direction=("higher" if now.mean() > then.mean() else "lower") if tested else "",
        p_value=p_value,
        adjusted_p=adjusted,
        judged=tested is not None,
        reason=reason,
    )
