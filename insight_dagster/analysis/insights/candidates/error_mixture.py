"""Candidate groups that are found by their errors: components of an error-aware mixture.

Proposing components, and what a component fails by chance, belong here; the model itself
(`mixture`) and what a group means do not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from insight_dagster.analysis.insights.candidates.group_statistics import GroupStatistics
from insight_dagster.analysis.insights.candidates.groups import rough_cells
from insight_dagster.analysis.insights.candidates.mixture import Evidence, Mixture, fit_mixture
from insight_dagster.analysis.numerics.permutation import (
    Sums,
    gumbel_tail_p,
    stratified_permutations,
)

_FEWEST_CLIPS = 60
_CLIPS_PER_COMPONENT = 40
_MOST_COMPONENTS = 25
_DRAWS = 59
_STARTS = ("places", "errors", "classes", "errors")
_SMALLEST = 5
_LARGEST_SHARE = 0.5
_CORE = 0.5
_MOST_CLIPS = 6_000


@dataclass(frozen=True)
class Component:
    """A component of the mixture and how strange its failures are.

    Attributes:
        members: positions of the clips that it holds by place and class, outcome unseen.
        scores: (n,) float32 posterior of every clip, outcome included.
        z: deviate of the failures that it holds by place and class.
        p_value: under the whole search repeated on shuffled outcomes.
    """

    members: np.ndarray
    scores: np.ndarray
    z: float
    p_value: float


@dataclass(frozen=True)
class _Rated:
    mixture: Mixture
    component: int
    z: float
    blind: np.ndarray


def unasked(failed: GroupStatistics) -> str:
    """Why components cannot be looked for, '' where they can."""
    if len(failed) < _FEWEST_CLIPS:
        return f"{len(failed)} of the {_FEWEST_CLIPS} clips needed"
    if not (np.ptp(failed.wrong) or np.ptp(failed.rank)):
        return "all clips have the same loss"
    return ""


def failing_components(
    evidence: Evidence, failed: GroupStatistics, rng: np.random.Generator
) -> list[Component]:
    """Components with the p-value of their failures, worst first.

    A component is rated by the failures of the clips that it holds by place and class alone. As
    the model has seen the outcomes, chance is the whole search repeated on outcomes that are
    shuffled within strata: 59 times, the largest rating of each, with a Gumbel tail. Splitting
    the clips into a discovering and a confirming half would cost half of them twice over.

    Args:
        evidence: of n clips.
        failed: how they went, not `unasked`.
        rng: of starts and shuffling, and of the 6,000 clips that a larger set is searched on.
    """
    rows = np.sort(rng.permutation(len(failed))[:_MOST_CLIPS])
    sample, judge = evidence.take(rows), failed.take(rows)
    rated = _search(sample, judge, rng)
    if not rated:
        return []
    maxima = _chance(sample, judge, rng)
    found = []
    for each in _apart(rated):
        p_value = gumbel_tail_p(each.z, maxima)
        component = _everywhere(evidence, each, p_value)
        if len(component.members) >= _SMALLEST:
            found.append(component)
    return found


def _chance(evidence: Evidence, failed: GroupStatistics, rng: np.random.Generator) -> np.ndarray:
    """(b,) largest rating of the search on outcomes shuffled within strata."""
    orders = stratified_permutations(np.arange(len(failed)), failed.strata, draws=_DRAWS, rng=rng)
    maxima = []
    for order in orders:
        shuffled = replace(evidence, outcome=evidence.outcome[order])
        rated = _search(shuffled, failed.shuffled(order), rng)
        maxima.append(max((each.z for each in rated), default=0.0))
    return np.array(maxima)


def _search(evidence: Evidence, failed: GroupStatistics, rng: np.random.Generator) -> list[_Rated]:
    """Rated components of every start."""
    rated = []
    for kind in _STARTS:
        mixture, _ = fit_mixture(evidence, _start(evidence, kind, rng))
        blind = mixture.responsibilities(evidence, blind=True)
        sizes = np.maximum(blind.sum(axis=0), 1e-9)
        z = failed.deviates(_weighted_sums(blind), sizes, np.arange(len(failed)))
        sized = (sizes >= _SMALLEST) & (sizes <= _LARGEST_SHARE * len(failed)) & (z > 0)
        rated += [_Rated(mixture, int(c), float(z[c]), blind[:, c]) for c in np.flatnonzero(sized)]
    return rated


def _weighted_sums(weights: np.ndarray) -> Sums:
    return lambda values: values @ weights


def _apart(rated: list[_Rated]) -> list[_Rated]:
    """Worst first, without those that are more than half the same as a worse one."""
    chosen: list[_Rated] = []
    for each in sorted(rated, key=lambda rating: -rating.z):
        if all(_shared(each.blind, other.blind) < _CORE for other in chosen):
            chosen.append(each)
    return chosen


def _shared(first: np.ndarray, second: np.ndarray) -> float:
    """Weighted Jaccard similarity of two soft groups."""
    return float(np.minimum(first, second).sum() / max(np.maximum(first, second).sum(), 1e-12))


def _start(evidence: Evidence, kind: str, rng: np.random.Generator) -> np.ndarray:
    """(n, k) first responsibilities: cells of all, of right and wrong apart, or class by class.

    Many classes cannot have cells of their own: then those of all stand in.
    """
    n = len(evidence.points)
    k = int(np.clip(n // _CLIPS_PER_COMPONENT, 2, _MOST_COMPONENTS))
    groups = [np.arange(n)]
    if kind == "errors":
        bad = evidence.outcome > 0
        groups = [np.flatnonzero(~bad), np.flatnonzero(bad)]
    elif kind == "classes" and 2 * evidence.kinds[0] <= k:
        groups = [np.flatnonzero(evidence.classes == each) for each in range(evidence.kinds[0])]
    cell, used = np.zeros(n, np.int64), 0
    for rows in groups:
        wanted = min(max(1, k // len(groups)), len(rows))
        if wanted:
            cell[rows] = used + rough_cells(evidence.points[rows], wanted, rng)
            used += wanted
    first = np.zeros((n, used))
    first[np.arange(n), cell] = 1.0
    return first[:, first.any(axis=0)]


def _everywhere(evidence: Evidence, rated: _Rated, p_value: float) -> Component:
    """The component asked of every clip."""
    blind = rated.mixture.responsibilities(evidence, blind=True)[:, rated.component]
    scores = rated.mixture.responsibilities(evidence)[:, rated.component]
    return Component(np.flatnonzero(blind >= _CORE), scores.astype(np.float32), rated.z, p_value)
