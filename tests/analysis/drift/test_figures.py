"""Scored clips, figures of a night, and draws beyond which a tail is fitted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from insight_dagster.analysis.drift import ScoredClips, expected_calibration_error, figures
from insight_dagster.analysis.numerics.permutation import tail_p
from insight_dagster.analysis.numerics.resampling import bootstrap_weights, in_chunks
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


def test_figures_have_wilson_and_student_intervals():
    clips = scored(np.random.default_rng(0), 60)
    found = figures(clips)
    wilson = stats.binomtest(int(clips.correct.sum()), 60).proportion_ci(method="wilson")
    assert (found.accuracy.low, found.accuracy.high) == pytest.approx((wilson.low, wilson.high))
    student = stats.t.interval(0.95, 59, clips.loss.mean(), stats.sem(clips.loss))
    assert (found.mean_loss.low, found.mean_loss.high) == pytest.approx(student)
    assert found.clips == 60


def test_figures_of_no_clips_are_unknown_not_zero():
    found = figures(scored(np.random.default_rng(0), 0))
    assert np.isnan([found.accuracy.estimate, found.mean_loss.estimate]).all()
    assert np.isnan(found.calibration_error)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"loss": np.zeros(3)}, "one value a clip"),
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


def test_chunks_return_every_draw_in_order():
    numbers = iter(range(10_000))
    found = in_chunks(lambda size: np.array([next(numbers) for _ in range(size)]), draws=7, width=9)
    assert found.tolist() == list(range(7))
    sizes = []
    in_chunks(lambda size: sizes.append(size) or np.zeros(size), draws=10, width=1_000_000)
    assert sizes == [4, 4, 2]


def test_bootstrap_keeps_the_size_of_every_group():
    groups = np.array(["a", "b", "a", "b", "b"])
    weights = bootstrap_weights(groups, draws=20, rng=np.random.default_rng(0))
    assert (weights[:, groups == "a"].sum(axis=1) == 2).all()
    assert (weights[:, groups == "b"].sum(axis=1) == 3).all()


def test_tail_p_agrees_with_laws_it_can_be_held_against():
    rng = np.random.default_rng(0)
    for law in (stats.norm(2, 3), stats.gamma(3)):
        null = law.rvs(size=4_000, random_state=rng)
        far = float(law.isf(1e-5))
        assert tail_p(far, null) == pytest.approx(1e-5, rel=0.6)
        assert tail_p(float(law.isf(0.2)), null) == pytest.approx(0.2, abs=0.03)


def test_tail_p_counts_ties_and_knows_no_certainty():
    assert tail_p(0.0, np.zeros(99)) == 1.0
    assert tail_p(1.0, np.zeros(99)) == pytest.approx(0.01)
    assert tail_p(0.3 - 1e-13, np.array([0.1 + 0.2] * 50 + [0.0] * 49)) >= 0.5
