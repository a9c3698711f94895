"""How badly clips went, and how strange that much of it in one group is.

The statistic of a group belongs here; the correction for looking at many does not (`scan`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from insight_dagster.analysis.numerics.permutation import Sums


@dataclass(frozen=True)
class GroupStatistics:
    """How badly n clips went, so that groups of them can be held against chance.

    Attributes:
        wrong: (n,) float, 1 = wrong.
        rate: (n,) float share of wrong clips in the clip's stratum.
        rank: (n,) float normal scores of the loss inside the stratum.
        strata: (n,) labels that clips are exchanged within.
    """

    wrong: np.ndarray
    rate: np.ndarray
    rank: np.ndarray
    strata: np.ndarray

    def __len__(self) -> int:
        return len(self.wrong)

    def take(self, rows: np.ndarray) -> GroupStatistics:
        """Of some clips, as they are (neither rates nor ranks are formed anew)."""
        return GroupStatistics(
            self.wrong[rows], self.rate[rows], self.rank[rows], self.strata[rows]
        )

    def shuffled(self, order: np.ndarray) -> GroupStatistics:
        """With outcomes and losses exchanged between clips, strata and their rates kept."""
        return GroupStatistics(self.wrong[order], self.rate, self.rank[order], self.strata)

    def deviates(self, sums: Sums, sizes: np.ndarray, orders: np.ndarray) -> np.ndarray:
        """(..., g) the larger of two deviates of every group, each about normal by chance.

        One counts wrong clips (Anscombe's arcsine of the share against that expected from the
        strata), the other adds up the normal scores of the loss: errors tell most where they are
        rare, losses where all clips are right, or wrong, alike.

        Args:
            sums: over the groups.
            sizes: (g,) of the groups.
            orders: (..., n) rows, shuffled or not, that take the places of the clips.

        Source: Anscombe, Biometrika 35 (1948) 246.
        """
        left = 1 / np.sqrt(np.maximum(1 - sizes / len(self), 1e-9))
        expected = np.arcsin(np.sqrt(np.clip(sums(self.rate) / sizes, 0, 1)))
        share = np.clip((sums(self.wrong[orders]) + 0.375) / (sizes + 0.75), 0, 1)
        errors = 2 * (np.arcsin(np.sqrt(share)) - expected) * np.sqrt(sizes + 0.5) * left
        spread = max(float(self.rank.std()), 1e-12)
        losses = sums(self.rank[orders]) / (np.sqrt(sizes) * spread) * left
        return np.maximum(errors, losses) if np.ptp(self.wrong) else losses


def failures(wrong: np.ndarray, loss: np.ndarray, strata: np.ndarray) -> GroupStatistics:
    """GroupStatistics of (n,) clips, held against those of their stratum."""
    from scipy import stats

    rate, rank = np.zeros(len(loss)), np.zeros(len(loss))
    for stratum in np.unique(strata):
        rows = np.flatnonzero(strata == stratum)
        rate[rows] = wrong[rows].mean()
        rank[rows] = stats.norm.ppf((stats.rankdata(loss[rows]) - 0.5) / len(rows))
        rank[rows] -= rank[rows].mean()
    return GroupStatistics(np.asarray(wrong, np.float64), rate, rank, strata)
