"""Testing many candidate groups at once: sums over groups against sums under shuffling.

Statistics of a group, their null and the choice of groups that do not overlap belong here; where
groups come from (`search`) and what a strange one means (the kinds) do not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from insight_dagster.analysis import statistics
from insight_dagster.analysis.insights.search import Family

_DRAWS = 1_999
_SHUFFLED_ENTRIES = 8_000_000
_FEWEST_DRAWS = 199
_BLOCK_ENTRIES = 2_000_000
LARGEST_P = 0.2
"""Candidates above it are dropped: no correction could bring them below a usual rate."""


@dataclass(frozen=True)
class Failures:
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

    def take(self, rows: np.ndarray) -> Failures:
        """Of some clips, as they are (neither rates nor ranks are formed anew)."""
        return Failures(self.wrong[rows], self.rate[rows], self.rank[rows], self.strata[rows])

    def shuffled(self, order: np.ndarray) -> Failures:
        """With outcomes and losses exchanged between clips, strata and their rates kept."""
        return Failures(self.wrong[order], self.rate, self.rank[order], self.strata)

    def deviates(self, sums: statistics.Sums, sizes: np.ndarray, orders: np.ndarray) -> np.ndarray:
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
        share = (sums(self.wrong[orders]) + 0.375) / (sizes + 0.75)
        errors = 2 * (np.arcsin(np.sqrt(share)) - expected) * np.sqrt(sizes + 0.5) * left
        spread = max(float(self.rank.std()), 1e-12)
        losses = sums(self.rank[orders]) / (np.sqrt(sizes) * spread) * left
        return np.maximum(errors, losses) if np.ptp(self.wrong) else losses


def failures(wrong: np.ndarray, loss: np.ndarray, strata: np.ndarray) -> Failures:
    """Failures of (n,) clips, held against those of their stratum."""
    from scipy import stats

    rate, rank = np.zeros(len(loss)), np.zeros(len(loss))
    for stratum in np.unique(strata):
        rows = np.flatnonzero(strata == stratum)
        rate[rows] = wrong[rows].mean()
        rank[rows] = stats.norm.ppf((stats.rankdata(loss[rows]) - 0.5) / len(rows))
        rank[rows] -= rank[rows].mean()
    return Failures(np.asarray(wrong, np.float64), rate, rank, strata)


@dataclass(frozen=True)
class Tested:
    """A candidate that stood out: positions of its members, its deviate, its corrected p."""

    members: np.ndarray
    z: float
    p_value: float


class Judged(Protocol):
    """n clips that groups of can be held against chance."""

    @property
    def strata(self) -> np.ndarray:
        """(n,) labels that clips are exchanged within."""

    def __len__(self) -> int: ...

    def deviates(self, sums: statistics.Sums, sizes: np.ndarray, orders: np.ndarray) -> np.ndarray:
        """As `Failures.deviates`."""


def scan(family: Family, failed: Judged, rng: np.random.Generator) -> list[Tested]:
    """Groups of a family that failed most, strangest first, none overlapping.

    Clips are shuffled within strata; a group's p-value is that of the largest deviate over the
    whole family (single-step max-T).

    Source: Westfall and Young, Resampling-Based Multiple Testing (1993).
    """
    sizes = np.concatenate([groups.sizes for groups in family.groups])

    def deviates(orders: np.ndarray) -> np.ndarray:
        return np.concatenate(
            [failed.deviates(each.sums, each.sizes, orders) for each in family.groups], axis=-1
        )

    observed = deviates(np.arange(len(failed)))
    maxima = shuffled_maxima(deviates, failed.strata, rng)
    places = family.places()
    taken, found = np.zeros(len(failed), bool), []
    for rank in np.argsort(-observed, kind="stable"):
        p_value = corrected_p(float(observed[rank]), maxima, len(sizes))
        if observed[rank] <= 0 or p_value > LARGEST_P:
            break
        groups, group = places[rank]
        members = groups.rows(group)
        if not taken[members].any():
            taken[members] = True
            found.append(Tested(members, float(observed[rank]), p_value))
    return found


def shuffled_maxima(
    deviates: Callable[[np.ndarray], np.ndarray], strata: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """(b,) largest deviate of rows shuffled within strata.

    b is 1,999 for small n and falls to 199 for large ones, in blocks of bounded memory.
    """
    draws = max(_FEWEST_DRAWS, min(_DRAWS, _SHUFFLED_ENTRIES // len(strata)))
    part = max(1, _BLOCK_ENTRIES // len(strata))
    rows = np.arange(len(strata))
    maxima = []
    for done in range(0, draws, part):
        orders = statistics.stratified_permutations(
            rows, strata, draws=min(part, draws - done), rng=rng
        )
        maxima.append(deviates(orders).max(axis=-1))
    return np.concatenate(maxima)


def corrected_p(z: float, maxima: np.ndarray, groups: int) -> float:
    """p of the largest deviate over groups, also below what the draws resolve.

    Each deviate is the larger of two that are close to normal under shuffling, so that twice the
    number of groups times the normal tail bounds the p-value; where the groups overlap much the
    Gumbel tail of the drawn maxima is the smaller bound. Where draws reach z their share stands.
    """
    from scipy import stats

    empirical = float(statistics.permutation_p(np.array([z]), maxima)[0])
    tail = min(2 * groups * float(stats.norm.sf(z)), statistics.gumbel_tail_p(z, maxima))
    floor = 1.0 / (len(maxima) + 1)
    return min(tail, floor) if empirical <= floor else empirical
