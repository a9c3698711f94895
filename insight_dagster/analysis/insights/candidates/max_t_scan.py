"""Test of many candidate groups at once: sums over groups compared with sums under shuffling.

The null of the largest statistic (max-T) and the selection of groups that do not overlap belong
here; the statistics (`group_statistics`, `kinds.contrasts`) and the groups (`views`) do not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from insight_dagster.analysis.insights.candidates.groups import SelectedGroup
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
"""Groups with a larger p-value are dropped: no correction brings them below a usual rate."""


class ScanStatistics(Protocol):
    """Statistics of n clips, of which any group can be compared with chance."""

    @property
    def strata(self) -> np.ndarray:
        """(n,) labels within which clips are exchangeable."""

    def __len__(self) -> int: ...

    def deviates(self, sums: Sums, sizes: np.ndarray, orders: np.ndarray) -> np.ndarray:
        """Return a deviate of every group, as `GroupStatistics.deviates` does."""


def scan(
    family: Family, statistics: ScanStatistics, rng: np.random.Generator
) -> list[SelectedGroup]:
    """Select the groups of a family that deviate most from chance, without overlaps.

    Clips are shuffled within strata; a group's p-value is that of the largest deviate over the
    whole family (single-step max-T).

    Args:
        family: the candidate groups.
        statistics: of the clips that the groups are made of.
        rng: source of the shuffling.

    Returns:
        Selected groups, by falling deviate.

    Source: Westfall and Young, Resampling-Based Multiple Testing (1993).
    """
    sizes = np.concatenate([groups.sizes for groups in family.groups])

    def deviates(orders: np.ndarray) -> np.ndarray:
        return np.concatenate(
            [statistics.deviates(each.sums, each.sizes, orders) for each in family.groups],
            axis=-1,
        )

    observed = deviates(np.arange(len(statistics)))
    maxima = shuffled_maxima(deviates, statistics.strata, rng)
    places = family.places()
    taken, found = np.zeros(len(statistics), bool), []
    for rank in np.argsort(-observed, kind="stable"):
        p_value = corrected_p(float(observed[rank]), maxima, len(sizes))
        if observed[rank] <= 0 or p_value > LARGEST_P:
            break
        groups, group = places[rank]
        members = groups.rows(group)
        if not taken[members].any():
            taken[members] = True
            found.append(SelectedGroup(members, float(observed[rank]), p_value))
    return found


def shuffled_maxima(
    deviates: Callable[[np.ndarray], np.ndarray], strata: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return the largest deviate of each of b shuffles within strata: (b,).

    b is 499 for small n and falls to 199 for large n; blocks of draws bound the memory.
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
    """Return the p-value of a deviate as the largest over many groups.

    Where draws reach z, the p-value is their share. Below what the draws resolve it is the
    smaller of two bounds: each deviate is the larger of two that are close to normal under
    shuffling, so twice the number of groups times the normal tail is one; the Gumbel tail of the
    drawn maxima is the other, smaller where groups overlap much.
    """
    from scipy import stats

    empirical = float(permutation_p(np.array([z]), maxima)[0])
    tail = min(2 * groups * float(stats.norm.sf(z)), gumbel_tail_p(z, maxima))
    floor = 1.0 / (len(maxima) + 1)
    return min(tail, floor) if empirical <= floor else empirical
