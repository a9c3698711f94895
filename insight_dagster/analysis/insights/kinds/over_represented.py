"""Groups of clips that repeat one another: more of a kind than their class would have by chance.

The definition of this kind belongs here: candidates, statistic, smallest effect, wording. The
null clouds are in `density_null`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from insight_dagster import tables
from insight_dagster.analysis.insights import populations
from insight_dagster.analysis.insights.candidates.density_null import (
    DensityNull,
    pairwise,
    simulate,
)
from insight_dagster.analysis.insights.candidates.groups import Groups, standardised, tree_groups
from insight_dagster.analysis.insights.candidates.mixture import Evidence
from insight_dagster.analysis.insights.candidates.soft_membership import soft_members
from insight_dagster.analysis.insights.candidates.views import Search
from insight_dagster.analysis.insights.clip_table import ClipTable
from insight_dagster.analysis.insights.finding import CORE_WEIGHT, Finding, Question
from insight_dagster.analysis.numerics.intervals import Interval, percentile_interval
from insight_dagster.analysis.numerics.permutation import gumbel_tail_p

KIND = "over_represented"
SMALLEST_FACTOR = 1.5
_FEWEST_CLIPS = 20
_SMALLEST_GROUP, _SMALLEST_SHARE = 6, 0.03
_VIEW_DIMENSIONS, _DIMENSIONS = 10, 8
_SCOPE = 800
_KEPT = 3
_DENSE_SHARE = 0.2
_EXTENT = 0.75


@dataclass(frozen=True)
class _Candidate:
    """A node of the tree: its rows of the class, its own z and that of its densest core."""

    members: np.ndarray
    z: float
    core_z: float


def find(search: Search, class_name: str) -> Question:
    """Dense, redundant groups inside one class.

    Clips are compared in two views at once, the latent space and the measured metadata: a class
    has many natural kinds of clips that lie together in one of them, and repeats are alike in
    both. Density at a clip is the distance to its h-th neighbour in the group, h half the
    group's size, against what that clip's distance from the middle of the class lets expect
    (`density_null`). In a class of more than 800 clips groups are found among 800 and extended.
    """
    name = f"{KIND}/{class_name}"
    clips, rng = search.clips, search.rng(name)
    own = clips.of_class(class_name)
    if len(own) < _FEWEST_CLIPS:
        return Question(name, (), f"{len(own)} of the {_FEWEST_CLIPS} clips needed")
    view = _joint_view(clips, own)
    if view.shape[1] < 2:
        return Question(name, (), "vectors and metadata vary in fewer than two directions")
    sample = np.sort(rng.permutation(len(own))[:_SCOPE])
    points = view[sample] - view[sample].mean(axis=0)
    distances, null = pairwise(points, points), simulate(points, rng)
    smallest = max(_SMALLEST_GROUP, int(np.ceil(_SMALLEST_SHARE * len(sample))))
    groups = tree_groups(points, minimum=smallest, method="average")
    strangest = _strangest(groups, distances, null)
    alike = np.zeros(len(own), np.int64)
    soft = soft_members(
        Evidence(view, alike, alike, kinds=(1, 1)),
        view,
        [sample[each.members] for each in strangest],
        rng,
    )
    return Question(
        name,
        tuple(
            _describe(clips, own, sample, each, scores, distances, null, rng)
            for each, scores in zip(strangest, soft, strict=True)
        ),
    )


def _joint_view(clips: ClipTable, rows: np.ndarray) -> np.ndarray:
    """Latent space and metadata of one class, equal in variance, as its own components."""
    names, values = clips.numeric_metadata()
    measured = {column.name for column in tables.METADATA_FIELDS} & set(names)
    if measured:
        values = values[:, [name in measured for name in names]]
    views = [clips.coordinates[rows], standardised(values[rows])]
    parts = [_components(view, _VIEW_DIMENSIONS) for view in views]
    scaled = [part / np.sqrt(part.var(axis=0).sum()) for part in parts if part.shape[1]]
    return _components(np.hstack(scaled), _DIMENSIONS) if scaled else np.zeros((len(rows), 0))


def _components(values: np.ndarray, dimensions: int) -> np.ndarray:
    """Leading principal components of (n, d) rows, none where nothing varies."""
    if not values.shape[1]:
        return values
    centred = values - values.mean(axis=0)
    _, singular, axes = np.linalg.svd(centred, full_matrices=False)
    if singular[0] <= 1e-6:
        return np.zeros((len(values), 0))
    kept = min(dimensions, int((singular > 1e-6 * singular[0]).sum()))
    return centred @ axes[:kept].T


def _strangest(groups: Groups, distances: np.ndarray, null: DensityNull) -> list[_Candidate]:
    """The densest groups that do not overlap, each as wide as it stays about as dense.

    A dense core grows to the largest group around it with three quarters of its z.
    """
    nodes = [groups.rows(group) for group in range(len(groups))]
    z = np.array([_group_z(members, distances, null) for members in nodes])
    kept: list[_Candidate] = []
    for core in np.argsort(-z, kind="stable"):
        if len(kept) == _KEPT:
            break
        around = [
            other
            for other, members in enumerate(nodes)
            if z[other] >= _EXTENT * z[core] and np.isin(nodes[core], members).all()
        ]
        widest = max(around, key=lambda other: len(nodes[other])) if z[core] > 0 else int(core)
        members = nodes[widest]
        if not any(np.isin(members, each.members).any() for each in kept):
            kept.append(_Candidate(members, float(z[widest]), float(z[core])))
    return kept


def _group_z(members: np.ndarray, distances: np.ndarray, null: DensityNull) -> float:
    """The density z that four in five members reach: strangers in a group cost it."""
    h, log_reach = _inner_reach(members, distances)
    return float(np.quantile(null.z(members, log_reach, h), _DENSE_SHARE))


def _inner_reach(members: np.ndarray, distances: np.ndarray) -> tuple[int, np.ndarray]:
    """Half the group, h, and every member's log distance to its h-th neighbour in it."""
    h = max(3, len(members) // 2)
    reach = np.partition(distances[np.ix_(members, members)], h, axis=1)[:, h]
    return h, np.log(np.maximum(reach, 1e-12))


def _describe(
    clips: ClipTable,
    own: np.ndarray,
    sample: np.ndarray,
    candidate: _Candidate,
    soft: np.ndarray,
    distances: np.ndarray,
    null: DensityNull,
    rng: np.random.Generator,
) -> Finding:
    members = candidate.members
    h, log_reach = _inner_reach(members, distances)
    factor = _factor_interval(null.expected_count(members, log_reach), h, rng)
    weights = np.zeros(len(own))
    if len(sample) < len(own):  # clips that were not looked at belong by their posterior
        weights = np.where(soft >= CORE_WEIGHT, soft, 0.0)
    weights[sample] = 0.0
    weights[sample[members]] = np.clip(np.exp(np.median(log_reach) - log_reach), CORE_WEIGHT, 1.0)
    inside = np.flatnonzero(weights)
    right = clips.correct[own[inside]]
    accuracy = f"; accuracy {np.nanmean(right):.0%}" if not np.isnan(right).all() else ""
    sentence = (
        f"{len(inside)} {clips.labels[own[0]]} clips ({len(inside) / len(own):.0%} of the "
        f"class) are so alike that a class of this spread would have about "
        f"{len(inside) / factor.estimate:.0f} there{accuracy}."
    )
    scores = np.zeros(len(clips), np.float32)
    scores[own] = soft
    return Finding(
        kind=KIND,
        population=populations.ALL.name,
        rows=own[inside],
        weights=weights[inside],
        effect_name="clips found over clips expected in the region",
        effect=factor.estimate,
        ci_low=factor.low,
        ci_high=factor.high,
        p_value=gumbel_tail_p(candidate.core_z, null.maxima),
        strength=1 - 1 / max(1.0, factor.estimate),
        relevant=factor.estimate >= SMALLEST_FACTOR,
        sentence=sentence,
        action="Keep representatives and drop or down-weight the rest; collect clips of the class "
        "that differ.",
        class_name=str(clips.labels[own[0]]),
        found_by=("density",),
        scores=scores,
    )


def _factor_interval(expected: np.ndarray, h: int, rng: np.random.Generator) -> Interval:
    """(h + 1) clips found over those expected, the clip itself counted; members resampled."""
    draws = expected[rng.integers(0, len(expected), (499, len(expected)))].mean(axis=1)
    low, high = percentile_interval((h + 1) / (1 + draws))
    return Interval((h + 1) / (1 + float(expected.mean())), low, high)
