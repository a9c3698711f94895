"""Clips that lie far from all others of their class.

The definition of this kind belongs here: statistic, null, smallest effect, wording.
"""

from __future__ import annotations

import numpy as np

from insight_dagster.analysis.insights import populations
from insight_dagster.analysis.insights.candidates.views import ClipViews
from insight_dagster.analysis.insights.finding import Finding, KindTest
from insight_dagster.analysis.numerics.multiple_testing import benjamini_hochberg

KIND = "outlier"
SMALLEST_FACTOR = 1.5
LARGEST_FALSE_SHARE = 0.2
_NEIGHBOURS = 5
_FEWEST = 20
_FREEDOM = 10


def run_tests(views: ClipViews) -> list[KindTest]:
    """Find clips of a class that are much farther from other clips than is usual in the class.

    Statistic: the mean log distance to the five nearest clips. Null: the class's statistics are a
    bulk with Student's upper tail (10 degrees of freedom), centre and deviation from median and
    upper quartile, which a few outliers do not move. Clips are kept while Benjamini-Hochberg over
    the class expects at most a fifth of them to be false; the p-value is Simes'.

    Source: distance to the k nearest neighbours as outlier score, Ramaswamy, Rastogi and Shim,
    SIGMOD 2000.
    """
    return [_test_of(views, class_name) for class_name in views.clips.classes]


def _test_of(views: ClipViews, class_name: str) -> KindTest:
    from scipy import stats

    name, clips = f"{KIND}/{class_name}", views.clips
    rows = clips.of_class(class_name)
    distances = views.neighbours.distances[rows, :_NEIGHBOURS]
    if len(rows) < _FEWEST:
        return KindTest(name, skipped=f"{len(rows)} of the {_FEWEST} clips needed")
    if not (distances > 0).any():
        return KindTest(name, skipped="all clips have the same vector")
    logs = np.log(np.maximum(distances, 1e-3 * np.median(distances) + 1e-12)).mean(axis=1)
    middle, upper = np.quantile(logs, [0.5, 0.75])
    deviation = max((upper - middle) / stats.t.ppf(0.75, _FREEDOM), 1e-3)
    p_values = stats.t.sf((logs - middle) / deviation, _FREEDOM)
    q_values = benjamini_hochberg(p_values)
    factor = np.exp(logs - middle)
    chosen = (q_values <= LARGEST_FALSE_SHARE) & (factor >= SMALLEST_FACTOR)
    if not chosen.any():
        return KindTest(name)
    scores = np.zeros(len(clips), np.float32)
    scores[rows] = np.where(chosen, 1 - q_values / 2, (1 - p_values) / 2)
    return KindTest(name, (_describe(views, rows, chosen, factor, scores, q_values),))


def _describe(
    views: ClipViews,
    rows: np.ndarray,
    chosen: np.ndarray,
    factor: np.ndarray,
    scores: np.ndarray,
    q_values: np.ndarray,
) -> Finding:
    clips, group = views.clips, rows[chosen]
    class_name = str(clips.labels[group[0]])
    effect = float(np.median(factor[chosen]))
    right = clips.correct[group]
    accuracy = f"; accuracy {np.nanmean(right):.0%}" if not np.isnan(right).all() else ""
    plural = "s lie" if len(group) > 1 else " lies"
    return Finding(
        kind=KIND,
        population=populations.ALL.name,
        rows=group,
        weights=scores[group].astype(np.float64),
        effect_name="distance to the nearest clips over what is usual in the class",
        effect=effect,
        ci_low=float(factor[chosen].min()),
        ci_high=float(factor[chosen].max()),
        p_value=float(q_values.min()),
        strength=1 - 1 / effect,
        relevant=True,
        sentence=f"{len(group)} {class_name} clip{plural} {effect:.1f} times as far from the "
        f"nearest clips as is usual in the class{accuracy}.",
        action="Watch the clips: drop those that do not show the action, collect more of the rare "
        "ones.",
        class_name=class_name,
        found_by=("distance",),
        scores=scores,
    )
