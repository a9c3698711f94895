"""Pairs of classes of which the model takes one for the other more than for any third class.

The definition of this kind belongs here: candidates, statistic, null, smallest effect, wording.
"""

from __future__ import annotations

import numpy as np

from insight_dagster.analysis.insights import populations
from insight_dagster.analysis.insights.candidates.views import ClipViews
from insight_dagster.analysis.insights.clip_table import ClipTable
from insight_dagster.analysis.insights.finding import Finding, KindTest
from insight_dagster.analysis.numerics.intervals import Interval, percentile_interval, wilson
from insight_dagster.analysis.numerics.neighbours import nearest_others

KIND = "class_confusion"
FEWEST_CONFUSED = 3
SMALLEST_EXCESS = 0.02
_NEIGHBOURS = 15
_OVERLAP = 0.25
_SCOPE = 6_000


def run_tests(views: ClipViews) -> list[KindTest]:
    """Find labels that clips of a class are mistaken for more often than by random errors.

    Null: the errors of the class fall evenly on the other labels that the model predicts for any
    clip; the binomial p-value is multiplied by the number of these labels.
    """
    return [_test_of(views, class_name) for class_name in views.clips.classes]


def _test_of(views: ClipViews, class_name: str) -> KindTest:
    name = f"{KIND}/{class_name}"
    clips, rng = views.clips, views.rng(name)
    rows = clips.of_class(class_name)
    rows = rows[~np.isnan(clips.correct[rows])]
    labels = np.setdiff1d(views.predicted_labels, [class_name])
    wrong = clips.predicted[rows] != class_name
    if len(labels) < 2:
        return KindTest(name, skipped="the model predicts fewer than two other classes")
    if not wrong.any():
        return KindTest(name)
    counts = np.array([(clips.predicted[rows] == label).sum() for label in labels])
    found = []
    for pick in np.flatnonzero(counts >= FEWEST_CONFUSED):
        p_value = _excess_p(int(counts[pick]), int(counts.sum()), len(labels))
        excess = _excess(int(counts[pick]), int(counts.sum()), len(rows), len(labels), rng)
        found.append(_describe(clips, rows, str(labels[pick]), excess, p_value))
    return KindTest(name, tuple(found))


def _excess_p(confused: int, errors: int, labels: int) -> float:
    from scipy import stats

    return float(min(1.0, labels * stats.binom.sf(confused - 1, errors, 1 / labels)))


def _excess(
    confused: int, errors: int, clips: int, labels: int, rng: np.random.Generator
) -> Interval:
    """Return the share of the class taken for a label minus the mean share over other labels."""
    counts = np.array([confused, errors - confused, clips - errors])
    draws = rng.multinomial(clips, counts / clips, size=1_999)
    low, high = percentile_interval((draws[:, 0] - draws[:, 1] / (labels - 1)) / clips)
    return Interval((confused - (errors - confused) / (labels - 1)) / clips, low, high)


def _describe(
    clips: ClipTable, rows: np.ndarray, other: str, excess: Interval, p_value: float
) -> Finding:
    own = str(clips.labels[rows[0]])
    confused = rows[clips.predicted[rows] == other]
    members, weights = _with_overlap(clips, rows, clips.of_class(other), confused)
    share = wilson(len(confused), len(rows))
    sentence = (
        f"{len(confused)} of {len(rows)} {own} clips ({share.estimate:.0%}, 95 % interval "
        f"{share.low:.0%} to {share.high:.0%}) are taken for {other}; "
        f"{len(members) - len(confused)} more clips of both lie in the region where they overlap."
    )
    return Finding(
        kind=KIND,
        population=populations.ALL.name,
        rows=members,
        weights=weights,
        effect_name="share of the class taken for the other, above its mean confusion",
        effect=excess.estimate,
        ci_low=excess.low,
        ci_high=excess.high,
        p_value=p_value,
        strength=min(1.0, 4 * max(0.0, excess.estimate)),
        relevant=excess.estimate >= SMALLEST_EXCESS,
        sentence=sentence,
        action=f"Check the labels in the overlap, then collect clips that tell {own} from {other}.",
        other_class=other,
        class_name=own,
        found_by=("class pairs",),
    )


def _with_overlap(
    clips: ClipTable, rows: np.ndarray, others: np.ndarray, confused: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return members and weights: confused clips, and clips where the two classes overlap.

    Confused clips weigh 1. Other clips weigh twice the share of the other class among their
    neighbours within the two classes, at most 1; clips with a share below a quarter are left out.
    """
    both = np.sort(np.concatenate([rows, others]))
    if len(both) > _SCOPE or len(others) == 0:
        return confused, np.ones(len(confused))
    found = nearest_others(clips.coordinates[both], k=_NEIGHBOURS)
    foreign = clips.labels[both][found.indices] != clips.labels[both][:, None]
    share = foreign.mean(axis=1)
    weights = np.where(share >= _OVERLAP, np.minimum(1.0, 2 * share), 0.0)
    weights[np.isin(both, confused)] = 1.0
    return both[weights > 0], weights[weights > 0]
