"""New clips' latent vectors beside old clips': do they lie apart.

The test and its answer belong here; kernel arithmetic (`kernel_distance`) and metadata
(`data_drift`) do not.
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
from insight_dagster.failures import Skipped
from insight_dagster.settings.thresholds import MIN_CLIPS

_NAN = float("nan")
_ROUNDING = 1e-12  # of means over kernel values, which are at most 1
_WORTH_MORE = 0.05


@dataclass(frozen=True)
class EmbeddingDrift:
    """How the new clips lie in the latent space beside the baseline's.

    Attributes:
        clips_then, clips_now: clips compared.
        mmd2: squared maximum mean discrepancy, unbiased (may be below 0); NaN when not judged.
        auc: chance that a new clip lies where new clips outweigh old ones more than an old clip
            does (the kernel's witness, leave-pair-out); 0.5 = alike. In both, old clips are
            weighted to the new ones' splits.
        p_value: of `mmd2`.
        judged: whether there are enough clips.
        reason: why it is not judged, or what to know about the comparison.
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


def embedding_drift(
    then: np.ndarray,
    now: np.ndarray,
    *,
    splits: tuple[np.ndarray, np.ndarray] | None = None,
    unlike: Skipped | None = None,
    draws: int = 999,
    seed: int = 0,
    cap: int = 500,
    min_clips: int = MIN_CLIPS,
) -> EmbeddingDrift:
    """Compare where the new clips lie in the latent space with where old ones do.

    Unbiased squared maximum mean discrepancy with a Gaussian kernel (bandwidth: median distance)
    under random relabelling; the same kernel gives the densities of `auc`. The kernel is one of
    the leading principal components of both sets together: on axes that were fitted on the old
    clips alone, new ones lie apart by the fit. So give vectors as the model makes them.

    Args:
        then: (n, k) vectors of old clips.
        now: (m, k) vectors of clips that the baseline does not hold, of the same model.
        splits: (n,) and (m,) str that labels are exchanged within; None: none.
        unlike: why the vectors cannot be compared at all; None where they can.
        draws: relabellings; where they give a p of .05 or less, ten times as many are drawn anew,
            for levels far below.
        seed: of these and of the sample.
        cap: clips a side at most; more are sampled.
        min_clips: fewest clips on either side.

    Raises:
        ValueError: the widths differ or a number is missing.
    """
    then, now = np.asarray(then, np.float64), np.asarray(now, np.float64)
    if then.shape[1] != now.shape[1] or not (np.isfinite(then).all() and np.isfinite(now).all()):
        raise ValueError(
            f"embeddings need finite vectors of one width, got {then.shape} and {now.shape}"
        )
    sides, note = side_by_side(then, now, splits)
    rng = np.random.default_rng([seed, 4])
    rows = [_sample(np.flatnonzero(side), cap, rng) for side in (~sides.is_new, sides.is_new)]
    sides = sides.take(np.concatenate(rows))
    sides = sides.take(sides.exchangeable(np.ones(len(sides.is_new), bool)))
    new = int(sides.is_new.sum())
    old = len(sides.is_new) - new
    skipped = unlike or too_few(old, new, max(2, min_clips), came=len(now))
    if skipped:
        return EmbeddingDrift(old, new, _NAN, _NAN, _NAN, judged=False, reason=skipped.reason)
    kernel, weights = gaussian_kernel(leading_coordinates(sides.values)), sides.old_weights()

    observed = float(mean_discrepancies(kernel, sides.is_new[None] * 1.0, weights)[0])

    def draw(size: int) -> np.ndarray:
        labels = sides.relabelled(rng.random((size, len(kernel))))
        return mean_discrepancies(kernel, labels, weights)

    p_value = _tail_p(observed, draw, draws=draws, width=len(kernel))
    auc = witness_auc(kernel, sides.is_new, weights)
    return EmbeddingDrift(old, new, observed, auc, p_value, reason=note)


def _tail_p(observed: float, draw: Callable[[int], np.ndarray], *, draws: int, width: int) -> float:
    """p-value under relabelling; small ones are told from ten times as many relabellings."""

    def p_of(count: int) -> float:
        return tail_p(observed, in_chunks(draw, draws=count, width=width), rounding=_ROUNDING)

    p_value = p_of(draws)
    return p_of(10 * draws) if p_value <= _WORTH_MORE else p_value


def _sample(rows: np.ndarray, cap: int, rng: np.random.Generator) -> np.ndarray:
    return np.sort(rng.permutation(rows)[:cap])
