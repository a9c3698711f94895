"""Statistics of groups of clips: how many of a group are flagged, and how high its clips score.

What a flag and a score mean is up to the caller: wrong predictions and losses (`low_performance`),
or one side of a contrast (`contrasts`). The statistic of one group belongs here; the correction
for testing many groups does not (`max_t_scan`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from insight_dagster.analysis.numerics.permutation import Sums


@dataclass(frozen=True)
class GroupStatistics:
    """Flags and scores of n clips, from which groups of them are compared with chance.

    Attributes:
        flagged: (n,) float, 1 = flagged.
        expected: (n,) float share of flagged clips in the clip's stratum.
        score: (n,) float normal score of the clip's value within its stratum.
        strata: (n,) labels within which clips are exchangeable.
    """

    flagged: np.ndarray
    expected: np.ndarray
    score: np.ndarray
    strata: np.ndarray

    def __len__(self) -> int:
        return len(self.flagged)

    def take(self, rows: np.ndarray) -> GroupStatistics:
        """Select some clips; expected shares and scores stay as they are."""
        return GroupStatistics(
            self.flagged[rows], self.expected[rows], self.score[rows], self.strata[rows]
        )

    def shuffled(self, order: np.ndarray) -> GroupStatistics:
        """Exchange flags and scores between clips; strata and expected shares stay."""
        return GroupStatistics(self.flagged[order], self.expected, self.score[order], self.strata)

    def deviates(self, sums: Sums, sizes: np.ndarray, orders: np.ndarray) -> np.ndarray:
        """Return the larger of two standard normal deviates of every group: (..., g).

        One counts flagged clips (Anscombe's arcsine of their share, compared with the share that
        the strata predict), the other sums the normal scores. With flags for errors and scores
        of losses, errors carry more information where they are rare, losses where all clips are
        right, or all wrong.

        Args:
            sums: sums over the groups.
            sizes: (g,) sizes of the groups.
            orders: (..., n) rows, shuffled or not, that take the places of the clips.

        Source: Anscombe, Biometrika 35 (1948) 246.
        """
        left = 1 / np.sqrt(np.maximum(1 - sizes / len(self), 1e-9))
        expected = np.arcsin(np.sqrt(np.clip(sums(self.expected) / sizes, 0, 1)))
        share = np.clip((sums(self.flagged[orders]) + 0.375) / (sizes + 0.75), 0, 1)
        by_flags = 2 * (np.arcsin(np.sqrt(share)) - expected) * np.sqrt(sizes + 0.5) * left
        deviation = max(float(self.score.std()), 1e-12)
        by_score = sums(self.score[orders]) / (np.sqrt(sizes) * deviation) * left
        return np.maximum(by_flags, by_score) if np.ptp(self.flagged) else by_score


def group_statistics(
    flagged: np.ndarray, values: np.ndarray, strata: np.ndarray
) -> GroupStatistics:
    """Compare (n,) flags and values with those of the other clips of the stratum.

    Args:
        flagged: (n,) 1 = flagged, 0 = not.
        values: (n,) the quantity that scores are formed of.
        strata: (n,) labels within which clips are exchangeable.
    """
    expected = np.zeros(len(flagged))
    for stratum in np.unique(strata):
        rows = np.flatnonzero(strata == stratum)
        expected[rows] = flagged[rows].mean()
    return GroupStatistics(
        np.asarray(flagged, np.float64), expected, normal_scores(values, strata), strata
    )


def normal_scores(values: np.ndarray, strata: np.ndarray) -> np.ndarray:
    """Return the normal scores of (n,) values within their strata, centred in each: (n,)."""
    from scipy import stats

    scores = np.zeros(len(values))
    for stratum in np.unique(strata):
        rows = np.flatnonzero(strata == stratum)
        scores[rows] = stats.norm.ppf((stats.rankdata(values[rows]) - 0.5) / len(rows))
        scores[rows] -= scores[rows].mean()
    return scores
