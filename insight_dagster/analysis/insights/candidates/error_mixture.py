"""Candidate groups that are found by their errors: components of an error-aware mixture.

The search for components and its null belong here; the mixture itself (`mixture`) and what a
failing group means (`kinds.low_performance`) do not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from insight_dagster.analysis.insights.candidates.group_statistics import GroupStatistics
from insight_dagster.analysis.insights.candidates.groups import SelectedGroup, rough_cells
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
class Component(SelectedGroup):
    """A component of the mixture whose clips fail more than chance predicts.

    Its members are the clips assigned to it by place and class alone, without their outcomes; its
    p-value is that of the whole search repeated on shuffled outcomes.

    Attributes:
        scores: (n,) float32 posterior of every clip, outcome included.
    """

    scores: np.ndarray


@dataclass(frozen=True)
class _Rated:
    """A component with its deviate and its (n,) posterior without the outcomes."""

    mixture: Mixture
    component: int
    z: float
    blind: np.ndarray


def why_skipped(outcomes: GroupStatistics) -> str | None:
    """Return why a search for components makes no sense, None where it does."""
    if len(outcomes) < _FEWEST_CLIPS:
        return f"{len(outcomes)} of the {_FEWEST_CLIPS} clips needed"
    if not (np.ptp(outcomes.flagged) or np.ptp(outcomes.score)):
        return "all clips have the same loss"
    return None


def failing_components(
    evidence: Evidence, outcomes: GroupStatistics, rng: np.random.Generator
) -> list[Component]:
    """Find components whose clips fail more than chance predicts, worst first.

    A component is rated by the failures of the clips assigned to it by place and class alone. As
    the mixture has seen the outcomes, the null is the whole search repeated on outcomes shuffled
    within strata: 59 times, the largest rating of each, with a Gumbel tail. Splitting the clips
    into a half for discovery and a half for confirmation would cost power twice.

    Args:
        evidence: of n clips.
        outcomes: flags of wrong clips and scores of their losses; see `why_skipped`.
        rng: source of the starts, the shuffling, and the sample of 6,000 clips that stands for a
            larger set.
    """
    rows = np.sort(rng.permutation(len(outcomes))[:_MOST_CLIPS])
    sample, sampled = evidence.take(rows), outcomes.take(rows)
    rated = _search(sample, sampled, rng)
    if not rated:
        return []
    maxima = _null_maxima(sample, sampled, rng)
    found = []
    for each in _without_repeats(rated):
        p_value = gumbel_tail_p(each.z, maxima)
        component = _over_all_clips(evidence, each, p_value)
        if len(component.members) >= _SMALLEST:
            found.append(component)
    return found


def _null_maxima(
    evidence: Evidence, outcomes: GroupStatistics, rng: np.random.Generator
) -> np.ndarray:
    """Return the largest rating of each of b searches on outcomes shuffled within strata: (b,)."""
    orders = stratified_permutations(
        np.arange(len(outcomes)), outcomes.strata, draws=_DRAWS, rng=rng
    )
    maxima = []
    for order in orders:
        shuffled = replace(evidence, outcome=evidence.outcome[order])
        rated = _search(shuffled, outcomes.shuffled(order), rng)
        maxima.append(max((each.z for each in rated), default=0.0))
    return np.array(maxima)


def _search(
    evidence: Evidence, outcomes: GroupStatistics, rng: np.random.Generator
) -> list[_Rated]:
    """Fit a mixture from every start and rate its components."""
    rated = []
    for kind in _STARTS:
        mixture, _ = fit_mixture(evidence, _start(evidence, kind, rng))
        blind = mixture.responsibilities(evidence, with_outcome=False)
        sizes = np.maximum(blind.sum(axis=0), 1e-9)
        z = outcomes.deviates(_weighted_sums(blind), sizes, np.arange(len(outcomes)))
        sized = (sizes >= _SMALLEST) & (sizes <= _LARGEST_SHARE * len(outcomes)) & (z > 0)
        rated += [_Rated(mixture, int(c), float(z[c]), blind[:, c]) for c in np.flatnonzero(sized)]
    return rated


def _weighted_sums(weights: np.ndarray) -> Sums:
    return lambda values: values @ weights


def _without_repeats(rated: list[_Rated]) -> list[_Rated]:
    """Order components worst first, without those that share half with a worse one."""
    chosen: list[_Rated] = []
    for each in sorted(rated, key=lambda rating: -rating.z):
        if all(_shared(each.blind, other.blind) < _CORE for other in chosen):
            chosen.append(each)
    return chosen


def _shared(first: np.ndarray, second: np.ndarray) -> float:
    """Return the weighted Jaccard similarity of two soft groups."""
    return float(np.minimum(first, second).sum() / max(np.maximum(first, second).sum(), 1e-12))


def _start(evidence: Evidence, kind: str, rng: np.random.Generator) -> np.ndarray:
    """Return (n, k) starting responsibilities: cells of all clips, by outcome, or by class.

    Where there are too many classes for cells of their own, the cells of all clips are used.
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


def _over_all_clips(evidence: Evidence, rated: _Rated, p_value: float) -> Component:
    """Evaluate the component on every clip, sampled or not."""
    blind = rated.mixture.responsibilities(evidence, with_outcome=False)[:, rated.component]
    scores = rated.mixture.responsibilities(evidence)[:, rated.component]
    return Component(np.flatnonzero(blind >= _CORE), rated.z, p_value, scores.astype(np.float32))
