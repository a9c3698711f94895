"""Expected effect of an action: a linear probe fitted with and without it.

The estimate belongs here; the clips that an action names (`steps`) and the training clips that the
probe sees (`probe_training`) do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from insight_dagster.analysis.actions.clip_selection import by_id
from insight_dagster.analysis.actions.probe_training import (
    Training,
    held_out_group,
    held_out_of,
    names_of,
    training_of,
)
from insight_dagster.analysis.actions.steps import Step
from insight_dagster.analysis.insights.clip_table import ClipTable
from insight_dagster.analysis.insights.finding import Finding
from insight_dagster.tables.status import Verb

_FEWEST_TRAINING, _FEWEST_HELD_OUT, _FEWEST_OF_GROUP = 30, 20, 6
_DRAWS = 1_999
INSIDE, OUTSIDE = "accuracy on the group", "accuracy on the other held-out clips"


@dataclass(frozen=True)
class Change:
    """Expected change of an accuracy, with its 95 % interval, or why there is none.

    Attributes:
        measure: the accuracy that changes, None where nothing was estimated.
        change, low, high: of the accuracy, NaN where there is no figure.
        clips: number of held-out clips that it was measured on.
        reason: why there is no figure, None where there is one.
    """

    measure: str | None
    change: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    clips: int = 0
    reason: str | None = None


@dataclass(frozen=True)
class ExpectedEffect:
    """Expected changes where an action is meant to act, and on the other held-out clips.

    Attributes:
        main: inside the group for collecting and for leaks, else outside.
        side: the other one.
    """

    main: Change
    side: Change


class _NoFigureError(Exception):
    """No effect can be estimated; the message is the reason."""


def expected_effect(
    finding: Finding, steps: Sequence[Step], clips: ClipTable, *, wanted: int, seed: int
) -> ExpectedEffect:
    """Estimate how a linear probe's accuracy on held-out clips changes when the steps are taken.

    The probe is a multinomial logistic regression on the latent coordinates of at most six
    classes (`probe_training.names_of`). Dropping, removing and relabelling change its training
    clips; it is evaluated on the held-out clips that no step relabels or removes as a leak.
    Collecting is evaluated by cross-fitting: half of the group's held-out clips, weighted to count
    as `wanted` clips, are added to the training clips and the other half is predicted, and vice
    versa. The interval is a paired bootstrap over the evaluated clips; it does not cover other
    draws of training clips. The row order does not matter.

    Args:
        finding: the group.
        steps: from `steps.steps`.
        clips: the clip table.
        wanted: number of clips to collect; ignored for other verbs.
        seed: seed of the sample of training clips, the halves and the bootstrap.
    """
    inner_first = finding.kind == "leak" or any(step.verb == Verb.COLLECT for step in steps)
    try:
        with threadpool_limits(1):
            inside, outside = _estimate(finding, steps, clips, wanted, np.random.default_rng(seed))
    except _NoFigureError as problem:
        reason = str(problem)
        inside, outside = Change(INSIDE, reason=reason), Change(OUTSIDE, reason=reason)
    return ExpectedEffect(inside, outside) if inner_first else ExpectedEffect(outside, inside)


def _estimate(
    finding: Finding,
    steps: Sequence[Step],
    clips: ClipTable,
    wanted: int,
    rng: np.random.Generator,
) -> tuple[Change, Change]:
    """Return the expected changes inside the group and outside.

    Raises:
        _NoFigureError: there is none.
    """
    if all(step.verb == Verb.REVIEW for step in steps):
        raise _NoFigureError("the outcome of a review cannot be predicted")
    names = names_of(finding, [step.suggested_class for step in steps], clips)
    held_out = held_out_of(names, clips)
    training = training_of(finding, [step.row for step in steps], names, clips, rng)
    if len(names) < 2:
        raise _NoFigureError("there is only one class")
    if training.available < _FEWEST_TRAINING or len(held_out) < _FEWEST_HELD_OUT:
        raise _NoFigureError(
            f"{training.available} training and {len(held_out)} held-out clips of the classes "
            f"are too few (at least {_FEWEST_TRAINING} and {_FEWEST_HELD_OUT})"
        )
    if any(step.verb == Verb.COLLECT for step in steps):
        return _of_collecting(finding, clips, training, held_out, wanted, rng)
    return _of_changing(finding, steps, clips, training, held_out, rng)


def _of_changing(
    finding: Finding,
    steps: Sequence[Step],
    clips: ClipTable,
    training: Training,
    held_out: np.ndarray,
    rng: np.random.Generator,
) -> tuple[Change, Change]:
    gone = [step.row for step in steps if step.verb in (Verb.DROP, Verb.REMOVE)]
    relabelled = {step.row: step.suggested_class for step in steps if step.verb == Verb.RELABEL}
    changed = training.without(gone).relabelled(relabelled)
    if not np.isin(training.rows, [*gone, *relabelled]).any():
        raise _NoFigureError("the steps change no training clip")
    touched = np.union1d(finding.rows, [step.row for step in steps])
    leaking = [step.row for step in steps if step.verb == Verb.REMOVE]
    evaluated = by_id(np.setdiff1d(held_out, [*leaking, *relabelled]), clips)
    difference = _correct(clips, changed, evaluated) - _correct(clips, training, evaluated)
    inside = np.isin(evaluated, touched)
    return _change(INSIDE, difference[inside], rng), _change(OUTSIDE, difference[~inside], rng)


def _of_collecting(
    finding: Finding,
    clips: ClipTable,
    training: Training,
    held_out: np.ndarray,
    wanted: int,
    rng: np.random.Generator,
) -> tuple[Change, Change]:
    group = held_out_group(finding, held_out, clips, fewest=_FEWEST_OF_GROUP)
    if len(group) < _FEWEST_OF_GROUP:
        raise _NoFigureError(
            f"{len(group)} held-out clips are in the group, {_FEWEST_OF_GROUP} are needed"
        )
    mixed = rng.permutation(group)
    differences = []
    for half in (0, 1):
        added, evaluated = mixed[half::2], mixed[1 - half :: 2]
        more = training.with_more(added, clips.labels[added], count=wanted)
        before = _correct(clips, training, evaluated)
        differences.append(_correct(clips, more, evaluated) - before)
    others = by_id(np.setdiff1d(held_out, np.union1d(group, finding.rows)), clips)
    more = training.with_more(group, clips.labels[group], count=wanted)
    beside = _correct(clips, more, others) - _correct(clips, training, others)
    return _change(INSIDE, np.concatenate(differences), rng), _change(OUTSIDE, beside, rng)


def _correct(clips: ClipTable, training: Training, evaluated: np.ndarray) -> np.ndarray:
    """Return 1 where a probe fitted on the training clips predicts a clip's label, else 0: (m,)."""
    from sklearn.linear_model import LogisticRegression

    if len(np.unique(training.labels)) < 2:
        raise _NoFigureError("training clips of only one class are left")
    if not len(evaluated):
        return np.zeros(0)
    points = clips.coordinates[training.rows]
    centre, scale = points.mean(axis=0), points.std(axis=0)
    scale = np.where(scale > 1e-9, scale, 1.0)
    probe = LogisticRegression(C=0.1, max_iter=200)
    probe.fit((points - centre) / scale, training.labels, sample_weight=training.weights)
    predicted = probe.predict((clips.coordinates[evaluated] - centre) / scale)
    return np.asarray(predicted == clips.labels[evaluated], np.float64)


def _change(measure: str, differences: np.ndarray, rng: np.random.Generator) -> Change:
    """Return the mean of differences in -1, 0, 1 with a percentile bootstrap interval.

    Where no clip changes, the bootstrap has no width; the interval then follows the rule of
    three, 3 / n on either side (Hanley and Lippman-Hand, JAMA 249 (1983) 1743).
    """
    count = len(differences)
    if count < _FEWEST_OF_GROUP:
        reason = f"{count} clips to measure it on, {_FEWEST_OF_GROUP} are needed"
        return Change(measure, reason=reason)
    if not differences.any():
        return Change(measure, 0.0, -min(1.0, 3 / count), min(1.0, 3 / count), count)
    shares = np.array([(differences == value).mean() for value in (-1, 0, 1)])
    draws = rng.multinomial(count, shares, _DRAWS) @ np.array([-1, 0, 1]) / count
    low, high = np.percentile(draws, [2.5, 97.5])
    change = float(differences.mean())
    return Change(measure, change, min(float(low), change), max(float(high), change), count)
