"""Contrasts: two sides of the clips, compared by their shares and losses inside groups.

Statistics of a contrast and their intervals belong here; what a contrast means does not
(`under_represented`, `overfitting`, `shift`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from insight_dagster.analysis.insights.candidates.group_statistics import (
    GroupStatistics,
    group_statistics,
    normal_scores,
)
from insight_dagster.analysis.insights.clip_table import ClipTable
from insight_dagster.analysis.numerics.intervals import Interval
from insight_dagster.analysis.numerics.permutation import Sums
from insight_dagster.tables.status import HELD_OUT, Split

FEWEST_A_SIDE = 20
"""Fewest clips of either side of a contrast that is tested."""
FEWEST_IN_GROUP = 5
"""Fewest clips of either side inside a group whose losses are compared."""


@dataclass(frozen=True)
class Contrast:
    """Two sides of some clips.

    Attributes:
        rows: (m,) rows of the clip table that are on a side.
        new: (m,) bool: on the side that is compared with the other.
        old_name, new_name: names of the sides, for people.
    """

    rows: np.ndarray
    new: np.ndarray
    old_name: str
    new_name: str

    @property
    def enough(self) -> bool:
        """Whether both sides have enough clips to be compared."""
        return bool(min(self.new.sum(), (~self.new).sum()) >= FEWEST_A_SIDE)

    @property
    def shortage(self) -> str:
        """Number of clips on either side, where they are not enough, in words."""
        old, new = int((~self.new).sum()), int(self.new.sum())
        return (
            f"{old} and {new} of the {FEWEST_A_SIDE} clips needed of {self.old_name} and of "
            f"{self.new_name}"
        )

    def with_loss(self, clips: ClipTable) -> Contrast:
        """Select the clips whose loss is known."""
        known = ~np.isnan(clips.loss[self.rows])
        return Contrast(self.rows[known], self.new[known], self.old_name, self.new_name)

    def swapped(self) -> Contrast:
        """Exchange the sides."""
        return Contrast(self.rows, ~self.new, self.new_name, self.old_name)


def training_against_held_out(clips: ClipTable) -> Contrast:
    """Return the contrast of validation and test clips (new) with training clips (old)."""
    rows = np.flatnonzero(np.isin(clips.splits, tuple(Split)))
    return Contrast(rows, clips.splits[rows] != Split.TRAIN, Split.TRAIN, " and ".join(HELD_OUT))


def share_statistics(contrast: Contrast, labels: np.ndarray) -> GroupStatistics:
    """Return statistics of whether groups hold more of the new side than their classes predict.

    Args:
        contrast: the sides of m clips.
        labels: (m,) classes of the clips.
    """
    return group_statistics(contrast.new.astype(np.float64), np.zeros(len(contrast.new)), labels)


@dataclass(frozen=True)
class LossGapStatistics:
    """Statistics of whether the new side's losses exceed the old side's more than elsewhere.

    Losses are normal scores within class and side, so that neither hard classes nor the gap that
    all clips share count; each side is weighted by its rarity.

    Attributes:
        score: (m,) normal scores of the loss.
        weight: (m,) positive on the new side, negative on the old one.
        strata: (m,) class and side, within which clips are exchangeable.
    """

    score: np.ndarray
    weight: np.ndarray
    strata: np.ndarray

    def __len__(self) -> int:
        return len(self.score)

    def deviates(self, sums: Sums, sizes: np.ndarray, orders: np.ndarray) -> np.ndarray:
        """Return standardised weighted sums, -inf for groups with too few of a side: (..., g)."""
        deviation = np.sqrt(np.maximum(sums(self.weight**2 * self.score.var()), 1e-12))
        left = np.sqrt(np.maximum(1 - sizes / len(self), 1e-9))
        z = sums(self.score[orders] * self.weight) / (deviation * left)
        new = sums((self.weight > 0).astype(np.float64))
        return np.where(np.minimum(new, sizes - new) >= FEWEST_IN_GROUP, z, -np.inf)


def loss_gap_statistics(contrast: Contrast, clips: ClipTable) -> LossGapStatistics:
    """Return the statistics of a contrast whose clips all have a known loss."""
    side = np.where(contrast.new, "new", "old")
    strata = np.char.add(np.char.add(side, "/"), clips.labels[contrast.rows])
    share = float(contrast.new.mean())
    return LossGapStatistics(
        normal_scores(clips.loss[contrast.rows], strata),
        np.where(contrast.new, 1 / share, -1 / (1 - share)),
        strata,
    )


def share_ratio(contrast: Contrast, inside: np.ndarray) -> Interval:
    """Return the new side's share inside over the old side's, half a clip added to each count.

    Args:
        contrast: the sides of m clips.
        inside: (m,) bool.

    Source: interval of a ratio of proportions, Katz et al., Biometrics 34 (1978) 469.
    """
    new, old = (inside & contrast.new).sum() + 0.5, (inside & ~contrast.new).sum() + 0.5
    of_new, of_old = contrast.new.sum() + 0.5, (~contrast.new).sum() + 0.5
    log = np.log(new / of_new) - np.log(old / of_old)
    half = 1.959964 * np.sqrt(max(0.0, 1 / new - 1 / of_new + 1 / old - 1 / of_old))
    return Interval(*(float(np.exp(log + side * half)) for side in (0, -1, 1)))


def gap_difference(contrast: Contrast, loss: np.ndarray, inside: np.ndarray) -> Interval:
    """Return the gap of mean losses inside minus the gap outside, with its 95 % interval.

    A gap is the mean loss of the new side minus that of the old side.

    Args:
        contrast: the sides of m clips.
        loss: (m,) in nat.
        inside: (m,) bool.
    """
    estimate, variance = 0.0, 0.0
    for group, sign in ((inside, 1), (~inside, -1)):
        for side, side_sign in ((contrast.new, 1), (~contrast.new, -1)):
            values = loss[group & side]
            if len(values) < 2:
                return Interval(float("nan"), float("-inf"), float("inf"))
            estimate += sign * side_sign * float(values.mean())
            variance += float(values.var(ddof=1)) / len(values)
    half = 1.959964 * np.sqrt(variance)
    return Interval(estimate, estimate - half, estimate + half)
