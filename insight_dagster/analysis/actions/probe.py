"""What an action would bring: a linear probe fitted with and without it.

The estimate belongs here; which clips an action names does not (`lists`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from insight_dagster.analysis.actions.lists import HELD_OUT, Step
from insight_dagster.analysis.insights.clip_table import ClipTable
from insight_dagster.analysis.insights.finding import Finding

_FEWEST_TRAINING, _FEWEST_HELD_OUT, _FEWEST_OF_GROUP = 30, 20, 6
_MOST_TRAINING = 3_000
_DRAWS = 999
_NAN = float("nan")


@dataclass(frozen=True)
class ExpectedEffect:
    """Expected change of the held-out accuracy, with its 95 % interval, or why there is none.

    Attributes:
        measure: what the change is of.
        change, low, high: of the accuracy, NaN where there is no figure.
        clips: held-out clips that it was measured on.
        reason: why there is no figure, '' = there is one.
    """

    measure: str
    change: float
    low: float
    high: float
    clips: int
    reason: str = ""


def expected_effect(
    finding: Finding, steps: Sequence[Step], clips: ClipTable, *, seed: int
) -> ExpectedEffect:
    """Change of a linear probe's accuracy on held-out clips when the steps are taken.

    The probe is a multinomial logistic regression on the latent coordinates of the classes that
    the finding's clips carry. Dropping, removing and relabelling change its training clips and
    are judged on the held-out clips of these classes whose label no step changes. Collecting is
    judged inside the group: half of its held-out clips are added to the training clips and the
    other half is predicted, and the other way round. The interval is a paired bootstrap over the
    clips judged: of the clips at hand, not of other draws of training clips.

    Args:
        finding: with its rows.
        steps: from `lists.steps`.
        clips: the clip table.
        seed: of the sample of training clips (3,000 at most), the halves and the bootstrap.
    """
    rng = np.random.default_rng(seed)
    collecting = any(step.verb == "collect" for step in steps)
    measure = "accuracy on the group" if collecting else "accuracy on held-out clips"
    if any(step.verb == "review" for step in steps):
        return _none(measure, "what a look at the clips decides cannot be foreseen")
    names = np.unique(clips.labels[finding.rows])
    names = np.union1d(names, [finding.other_class] if finding.other_class else [])
    suggested = [step.suggested_class for step in steps if step.suggested_class]
    names = np.union1d(names, suggested)
    if len(names) < 2:
        names = np.union1d(names, _rivals(clips, names))
    inside = np.isin(clips.labels, names)
    training = np.flatnonzero(inside & (clips.splits == "train"))
    held_out = np.flatnonzero(inside & np.isin(clips.splits, HELD_OUT))
    if len(names) < 2:
        return _none(measure, "there is one class only")
    if len(training) < _FEWEST_TRAINING or len(held_out) < _FEWEST_HELD_OUT:
        return _none(
            measure,
            f"{len(training)} training and {len(held_out)} held-out clips of the classes are too "
            f"few (at least {_FEWEST_TRAINING} and {_FEWEST_HELD_OUT})",
        )
    training = np.union1d(
        np.sort(rng.permutation(training)[:_MOST_TRAINING]),
        np.intersect1d(training, finding.rows),
    )
    with threadpool_limits(1):
        if collecting:
            return _of_collecting(finding, clips, training, held_out, measure, rng)
        return _of_changing(steps, clips, training, held_out, measure, rng)


def _rivals(clips: ClipTable, names: np.ndarray) -> np.ndarray:
    """The three labels with most clips besides the finding's own."""
    others, counts = np.unique(clips.labels[~np.isin(clips.labels, names)], return_counts=True)
    return others[np.argsort(-counts, kind="stable")[:3]]


def _of_changing(
    steps: Sequence[Step],
    clips: ClipTable,
    training: np.ndarray,
    held_out: np.ndarray,
    measure: str,
    rng: np.random.Generator,
) -> ExpectedEffect:
    labels = clips.labels.astype(object)
    for step in steps:
        if step.verb == "relabel":
            labels[step.row] = step.suggested_class
    gone = [step.row for step in steps if step.verb in ("drop", "remove")]
    changed = np.setdiff1d(training, gone)
    touched = [step.row for step in steps if step.verb == "relabel"]
    judged = np.setdiff1d(held_out, touched)
    if not len(np.setxor1d(changed, training)) and not np.isin(training, touched).any():
        return _none(measure, "the steps change no training clip")
    before = _right(clips, training, clips.labels, judged)
    after = _right(clips, changed, labels.astype(str), judged)
    return _effect(measure, after - before, rng)


def _of_collecting(
    finding: Finding,
    clips: ClipTable,
    training: np.ndarray,
    held_out: np.ndarray,
    measure: str,
    rng: np.random.Generator,
) -> ExpectedEffect:
    group = rng.permutation(np.intersect1d(finding.core, held_out))
    if len(group) < _FEWEST_OF_GROUP:
        return _none(
            measure,
            f"{len(group)} held-out clips are in the group, {_FEWEST_OF_GROUP} are needed",
        )
    differences = []
    for half in (0, 1):
        added, judged = group[half::2], group[1 - half :: 2]
        before = _right(clips, training, clips.labels, judged)
        after = _right(clips, np.concatenate([training, added]), clips.labels, judged)
        differences.append(after - before)
    return _effect(measure, np.concatenate(differences), rng)


def _right(
    clips: ClipTable, training: np.ndarray, labels: np.ndarray, judged: np.ndarray
) -> np.ndarray:
    """(m,) 1 where a probe fitted on some clips predicts the label of a judged clip."""
    from sklearn.linear_model import LogisticRegression

    points = clips.coordinates
    centre, scale = points[training].mean(axis=0), points[training].std(axis=0)
    scale = np.where(scale > 1e-9, scale, 1.0)
    if len(np.unique(labels[training])) < 2:
        return np.zeros(len(judged))
    probe = LogisticRegression(C=0.1, max_iter=200)
    probe.fit((points[training] - centre) / scale, labels[training])
    predicted = probe.predict((points[judged] - centre) / scale)
    return (predicted == clips.labels[judged]).astype(np.float64)


def _effect(measure: str, differences: np.ndarray, rng: np.random.Generator) -> ExpectedEffect:
    draws = differences[rng.integers(0, len(differences), (_DRAWS, len(differences)))].mean(axis=1)
    low, high = np.percentile(draws, [2.5, 97.5])
    return ExpectedEffect(
        measure, float(differences.mean()), float(low), float(high), len(differences)
    )


def _none(measure: str, reason: str) -> ExpectedEffect:
    return ExpectedEffect(measure, _NAN, _NAN, _NAN, 0, reason)
