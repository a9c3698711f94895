"""Scored clips, and the metrics of a model on them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from insight_dagster.analysis.drift import (
    ScoredClips,
    expected_calibration_error,
    performance_metrics,
)
from tests.support.drift_clips import scored


def _reference_error(confidence, correct, bins):
    """Guo et al. 2017, eq. 3, bin by bin as it is printed."""
    error = 0.0
    for number in range(1, bins + 1):
        low, high = (number - 1) / bins, number / bins
        inside = [
            (c, y)
            for c, y in zip(confidence, correct, strict=True)
            if low < c <= high or (number == 1 and c == 0)
        ]
        if inside:
            gap = np.mean([y for _, y in inside]) - np.mean([c for c, _ in inside])
            error += len(inside) / len(confidence) * abs(gap)
    return error


def test_calibration_error_by_hand():
    # Bin (.4, .6]: two clips, confidence .5, accuracy 1; bin (.8, 1]: three, .9, accuracy 1/3.
    confidence = np.array([0.5, 0.5, 0.9, 0.9, 0.9])
    correct = np.array([1, 1, 1, 0, 0.0])
    found = expected_calibration_error(confidence, correct, bins=5)
    assert found == pytest.approx(2 / 5 * 0.5 + 3 / 5 * (0.9 - 1 / 3))


@given(
    st.lists(
        st.tuples(st.floats(0, 1).filter(lambda c: c == 0 or c > 1e-3), st.booleans()),
        min_size=1,
        max_size=40,
    ),
    st.sampled_from([1, 4, 16]),
)
@settings(max_examples=80, deadline=None)
def test_calibration_error_equals_the_printed_formula(clips, bins):
    confidence = np.array([c for c, _ in clips])
    correct = np.array([float(y) for _, y in clips])
    expected = _reference_error(confidence, correct, bins)
    assert expected_calibration_error(confidence, correct, bins) == pytest.approx(expected)


def test_metrics_have_wilson_and_student_intervals():
    clips = scored(np.random.default_rng(0), 60)
    found = performance_metrics(clips)
    wilson = stats.binomtest(int(clips.correct.sum()), 60).proportion_ci(method="wilson")
    assert (found.accuracy.low, found.accuracy.high) == pytest.approx((wilson.low, wilson.high))
    student = stats.t.interval(0.95, 59, clips.loss.mean(), stats.sem(clips.loss))
    assert (found.mean_loss.low, found.mean_loss.high) == pytest.approx(student)
    assert found.clips == 60


def test_metrics_of_no_clips_are_unknown_not_zero():
    found = performance_metrics(scored(np.random.default_rng(0), 0))
    assert np.isnan([found.accuracy.estimate, found.mean_loss.estimate]).all()
    assert np.isnan(found.calibration_error)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"loss": np.zeros(3)}, "one value per clip"),
        ({"clip_ids": ["a", "a"]}, "repeat"),
        ({"correct": [0.5, 1]}, "0 or 1"),
        ({"correct": [np.nan, 1]}, "0 or 1"),
        ({"loss": [np.nan, 1]}, "finite"),
        ({"confidence": [1.2, 1]}, "between 0 and 1"),
    ],
)
def test_scored_clips_refuse_what_cannot_be(changes, message):
    arrays = {
        "clip_ids": ["a", "b"],
        "strata": ["", ""],
        "correct": [0, 1],
        "loss": [1, 0.1],
        "confidence": [0.6, 0.9],
    }
    with pytest.raises(ValueError, match=message):
        ScoredClips(**{**arrays, **changes})


def test_take_keeps_rows_aligned():
    clips = scored(np.random.default_rng(0), 10)
    taken = clips.take(clips.correct == 1)
    assert len(taken) == int(clips.correct.sum())
    assert taken.clip_ids.tolist() == clips.clip_ids[clips.correct == 1].tolist()
