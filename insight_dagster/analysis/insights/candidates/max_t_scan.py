"""Testing many candidate groups at once: sums over groups against sums under shuffling.

The null of the largest statistic and the choice of groups that do not overlap belong here; the
statistics (`failures`, `contrasts`) and where groups come from (`search`) do not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from insight_dagster.analysis.insights.candidates.views import Family
from insight_dagster.analysis.numerics.permutation import (
    Sums,
    gumbel_tail_p,
    permutation_p,
    stratified_permutations,
)

_DRAWS = 499
_SHUFFLED_ENTRIES = 8_000_000
_FEWEST_DRAWS = 199
_BLOCK_ENTRIES = 2_000_000
LARGEST_P = 0.2
"""Candidates above it are dropped: no correction could bring them below a usual rate."""


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

    def deviates(self, sums: Sums, sizes: np.ndarray, orders: np.ndarray) -> np.ndarray:
        """As `GroupStatistics.deviates`."""


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

    b is 499 for small n and falls to 199 for large ones, in blocks of bounded memory.
    """
    draws = max(_FEWEST_DRAWS, min(_DRAWS, _SHUFFLED_ENTRIES // len(strata)))
    part = max(1, _BLOCK_ENTRIES // len(strata))
    rows = np.arange(len(strata))
    maxima = []
    for done in range(0, draws, part):
        orders = stratified_permutations(rows, strata, draws=min(part, draws - done), rng=rng)
        maxima.append(deviates(orders).max(axis=-1))
    return np.concatenate(maxima)


def corrected_p(z: float, maxima: np.ndarray, groups: int) -> float:
    """P of the largest deviate over groups, also below what the draws resolve.

    Each deviate is the larger of two that are close to normal under shuffling, so that twice the
    number of groups times the normal tail bounds the p-value; where the groups overlap much the
    Gumbel tail of the drawn maxima is the smaller bound. Where draws reach z their share stands.
    """
    from scipy import stats

    empirical = float(permutation_p(np.array([z]), maxima)[0])
    tail = min(2 * groups * float(stats.norm.sf(z)), gumbel_tail_p(z, maxima))
    floor = 1.0 / (len(maxima) + 1)
    return min(tail, floor) if empirical <= floor else empirical
