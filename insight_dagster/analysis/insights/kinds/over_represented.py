"""Groups of clips that are nearly the same: more of them than a class would have by chance.

The definition of this kind belongs here: candidates, statistic, smallest effect, wording. The
simulated null is in `candidates.density_null`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import cdist

from insight_dagster import tables
from insight_dagster.analysis.insights import populations
from insight_dagster.analysis.insights.candidates.density_null import (
    DensityNull,
    simulate,
)
from insight_dagster.analysis.insights.candidates.groups import Groups, standardised, tree_groups
from insight_dagster.analysis.insights.candidates.mixture import Evidence
from insight_dagster.analysis.insights.candidates.soft_membership import soft_members
from insight_dagster.analysis.insights.candidates.views import ClipViews
from insight_dagster.analysis.insights.clip_table import ClipTable
from insight_dagster.analysis.insights.finding import CORE_WEIGHT, Finding, KindTest
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
    """A node of the tree.

    Attributes:
        members: positions of its clips in the sample of the class.
        core_z: density z of its densest core.
    """

    members: np.ndarray
    core_z: float


def run_tests(views: ClipViews) -> list[KindTest]:
    """Find dense, redundant groups inside a class.

    Clips are compared in two views at once, the latent space and the measured metadata: a class
    has many natural kinds of clips that lie together in one of them, while repeats are alike in
    both. Density at a clip is the distance to its h-th neighbour in the group, h half the group's
    size, compared with the distance expected from how far the clip is from the centre of the
    class (simulated clouds). In a class of more than 800 clips, groups are found among 800 and
    extended to the others.
    """
    return [_test_of(views, class_name) for class_name in views.clips.classes]


def _test_of(views: ClipViews, class_name: str) -> KindTest:
    name = f"{KIND}/{class_name}"
    clips, rng = views.clips, views.rng(name)
    own = clips.of_class(class_name)
    if len(own) < _FEWEST_CLIPS:
        return KindTest(name, skipped=f"{len(own)} of the {_FEWEST_CLIPS} clips needed")
    view = _joint_view(clips, own)
    if view.shape[1] < 2:
        reason = "vectors and metadata vary in fewer than two directions"
        return KindTest(name, skipped=reason)
    sample = np.sort(rng.permutation(len(own))[:_SCOPE])
    points = view[sample] - view[sample].mean(axis=0)
    distances, null = cdist(points, points), simulate(points, rng)
    smallest = max(_SMALLEST_GROUP, int(np.ceil(_SMALLEST_SHARE * len(sample))))
    groups = tree_groups(points, minimum=smallest, method="average")
    densest = _densest(groups, distances, null)
    alike = np.zeros(len(own), np.int64)
    soft = soft_members(
        Evidence(view, alike, alike, kinds=(1, 1)),
        view,
        [sample[each.members] for each in densest],
        rng,
    )
    return KindTest(
        name,
        tuple(
            _describe(clips, own, sample, each, scores, distances, null, rng)
            for each, scores in zip(densest, soft, strict=True)
        ),
    )


def _joint_view(clips: ClipTable, rows: np.ndarray) -> np.ndarray:
    """Return the principal components of latent space and metadata of a class, equally scaled."""
    names, values = clips.numeric_metadata()
    measured = {column.name for column in tables.METADATA_FIELDS} & set(names)
    if measured:
        values = values[:, [name in measured for name in names]]
    views = [clips.coordinates[rows], standardised(values[rows])]
    parts = [_components(view, _VIEW_DIMENSIONS) for view in views]
    scaled = [part / np.sqrt(part.var(axis=0).sum()) for part in parts if part.shape[1]]
    return _components(np.hstack(scaled), _DIMENSIONS) if scaled else np.zeros((len(rows), 0))


def _components(values: np.ndarray, dimensions: int) -> np.ndarray:
    """Return the leading principal components of (n, d) rows, none where nothing varies."""
    if not values.shape[1]:
        return values
    centred = values - values.mean(axis=0)
    _, singular, axes = np.linalg.svd(centred, full_matrices=False)
    if singular[0] <= 1e-6:
        return np.zeros((len(values), 0))
    kept = min(dimensions, int((singular > 1e-6 * singular[0]).sum()))
    return centred @ axes[:kept].T


def _densest(groups: Groups, distances: np.ndarray, null: DensityNull) -> list[_Candidate]:
    """Select the densest groups that do not overlap.

    Each dense core is extended to the largest group around it that keeps three quarters of its z.
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
            kept.append(_Candidate(members, float(z[core])))
    return kept


def _group_z(members: np.ndarray, distances: np.ndarray, null: DensityNull) -> float:
    """Return the density z that four in five members reach, so that strays in a group lower it."""
    h, log_reach = _inner_reach(members, distances)
    return float(np.quantile(null.z(members, log_reach, h), _DENSE_SHARE))


def _inner_reach(members: np.ndarray, distances: np.ndarray) -> tuple[int, np.ndarray]:
    """Return h, half the group, and every member's log distance to its h-th neighbour in it."""
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
    if len(sample) < len(own):  # clips outside the sample are members by their posterior
        weights = np.where(soft >= CORE_WEIGHT, soft, 0.0)
    weights[sample] = 0.0
    weights[sample[members]] = np.clip(np.exp(np.median(log_reach) - log_reach), CORE_WEIGHT, 1.0)
    inside = np.flatnonzero(weights)
    right = clips.correct[own[inside]]
    accuracy = f"; accuracy {np.nanmean(right):.0%}" if not np.isnan(right).all() else ""
    sentence = (
        f"{len(inside)} {clips.labels[own[0]]} clips ({len(inside) / len(own):.0%} of the "
        f"class) are so alike that by chance about {len(inside) / factor.estimate:.0f} would be "
        f"expected in a class of this spread{accuracy}."
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
    """Return clips found over clips expected, with an interval from resampled members.

    The clip itself is counted on both sides.
    """
    draws = expected[rng.integers(0, len(expected), (499, len(expected)))].mean(axis=1)
    low, high = percentile_interval((h + 1) / (1 + draws))
    return Interval((h + 1) / (1 + float(expected.mean())), low, high)
