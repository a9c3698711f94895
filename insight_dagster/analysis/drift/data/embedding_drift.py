"""Embedding drift: whether the embeddings of new clips lie apart from those of old clips.

The test and its result belong here; the kernel (`mmd`) and metadata (`metadata_drift`) do not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from insight_dagster.analysis.drift.data.mmd import (
    gaussian_kernel,
    leading_coordinates,
    mean_discrepancies,
    witness_auc,
)
from insight_dagster.analysis.drift.data.strata import side_by_side, too_few
from insight_dagster.analysis.numerics.permutation import tail_p
from insight_dagster.analysis.numerics.resampling import in_chunks
from insight_dagster.errors import Skipped
from insight_dagster.settings.thresholds import MIN_CLIPS

_NAN = float("nan")
_ROUNDING = 1e-12  # of means over kernel values in 0..1
_REFINE_BELOW = 0.05


@dataclass(frozen=True)
class EmbeddingDrift:
    """How the embeddings of new clips differ from those of the baseline's clips.

    In both measures old clips are weighted to the splits of the new ones.

    Attributes:
        baseline_clips, current_clips: clips compared.
        mmd2: unbiased squared maximum mean discrepancy (may be negative); NaN if not tested.
        auc: probability that the kernel's witness function is larger at a new clip than at an old
            one (leave-pair-out); 0.5 = indistinguishable.
        p_value: p-value of `mmd2`.
        tested: whether there are enough clips.
        reason: why it was not tested, or a remark on the comparison.

    Raises:
        ValueError: tested, but without a p-value.
    """

    baseline_clips: int
    current_clips: int
    mmd2: float
    auc: float
    p_value: float
    tested: bool = True
    reason: str = ""

    def __post_init__(self) -> None:
        if self.tested and not 0 <= self.p_value <= 1:
            raise ValueError(f"a tested embedding needs a p-value in 0..1, got {self.p_value}")


def embedding_drift(
    old_vectors: np.ndarray,
    new_vectors: np.ndarray,
    *,
    splits: tuple[np.ndarray, np.ndarray] | None = None,
    skip: Skipped | None = None,
    draws: int = 999,
    seed: int = 0,
    cap: int = 500,
    min_clips: int = MIN_CLIPS,
) -> EmbeddingDrift:
    """Test whether the embeddings of new clips are distributed like those of old clips.

    The statistic is the unbiased squared maximum mean discrepancy with a Gaussian kernel
    (bandwidth: median distance) under random relabelling; the same kernel gives `auc`. The kernel
    is taken on the leading principal components of both sets together: on axes fitted to the old
    clips alone, new clips lie apart because of the fit. Pass embeddings as the model gives them,
    not coordinates in a latent space.

    Args:
        old_vectors: (n, k) embeddings of clips that the baseline holds.
        new_vectors: (m, k) embeddings of clips that it does not hold, of the same model.
        splits: (n,) and (m,) str splits that labels are exchanged within; None = no splits.
        skip: why the embeddings cannot be compared at all; None if they can.
        draws: number of relabellings; if these give p <= .05, ten times as many are drawn, because
            the significance levels are far below.
        seed: seed of the relabellings and of the sample.
        cap: largest number of clips on either side; more are sampled.
        min_clips: smallest number of clips on either side.

    Raises:
        ValueError: the widths differ, or values are not finite.
    """
    old_vectors, new_vectors = (np.asarray(each, np.float64) for each in (old_vectors, new_vectors))
    _check_vectors(old_vectors, new_vectors)
    sides, note = side_by_side(old_vectors, new_vectors, splits)
    rng = np.random.default_rng([seed, 4])
    rows = [_sample(np.flatnonzero(side), cap, rng) for side in (~sides.is_new, sides.is_new)]
    sides = sides.take(np.concatenate(rows))
    sides = sides.take(sides.exchangeable(np.ones(len(sides.is_new), bool)))
    new = int(sides.is_new.sum())
    old = len(sides.is_new) - new
    skipped = skip or too_few(old, new, max(2, min_clips), arrived=len(new_vectors))
    if skipped:
        return EmbeddingDrift(old, new, _NAN, _NAN, _NAN, tested=False, reason=skipped.reason)
    kernel, weights = gaussian_kernel(leading_coordinates(sides.values)), sides.old_weights()

    observed = float(mean_discrepancies(kernel, sides.is_new[None] * 1.0, weights)[0])

    def draw(size: int) -> np.ndarray:
        labels = sides.relabelled(rng.random((size, len(kernel))))
        return mean_discrepancies(kernel, labels, weights)

    p_value = _tail_p(observed, draw, draws=draws, width=len(kernel))
    auc = witness_auc(kernel, sides.is_new, weights)
    return EmbeddingDrift(old, new, observed, auc, p_value, reason=note)


def _check_vectors(old: np.ndarray, new: np.ndarray) -> None:
    if old.shape[1] != new.shape[1] or not (np.isfinite(old).all() and np.isfinite(new).all()):
        raise ValueError(
            f"old and new embeddings must be finite and of one width, got shapes {old.shape} and "
            f"{new.shape}"
        )


def _tail_p(observed: float, draw: Callable[[int], np.ndarray], *, draws: int, width: int) -> float:
    """Return the p-value under relabelling; small ones are refined with ten times the draws."""

    def p_of(count: int) -> float:
        return tail_p(observed, in_chunks(draw, draws=count, width=width), rounding=_ROUNDING)

    p_value = p_of(draws)
    return p_of(10 * draws) if p_value <= _REFINE_BELOW else p_value


def _sample(rows: np.ndarray, cap: int, rng: np.random.Generator) -> np.ndarray:
    return np.sort(rng.permutation(rows)[:cap])
