"""Corrections by their definitions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from insight_dagster.analysis.numerics.multiple_testing import benjamini_hochberg, holm, selective_q


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
@settings(max_examples=60, deadline=None)
def test_benjamini_hochberg_equals_scipy(p_values):
    expected = stats.false_discovery_control(p_values)
    found = benjamini_hochberg(np.array(p_values))
    np.testing.assert_allclose(found, expected)
    ascending = sorted(p_values)
    for p_value, q_value in zip(p_values, found, strict=True):
        steps = [len(ascending) / i * p for i, p in enumerate(ascending, 1) if p >= p_value]
        assert q_value == pytest.approx(min(1.0, *steps))


def test_benjamini_hochberg_does_not_count_missing_tests():
    q = benjamini_hochberg(np.array([0.01, np.nan, 0.04]))
    np.testing.assert_allclose(q[[0, 2]], [0.02, 0.04])
    assert np.isnan(q[1])


@given(st.lists(st.floats(1e-6, 1), min_size=1, max_size=6))
def test_holm_by_its_definition(p_values):
    found = holm(p_values)
    order = np.argsort(p_values, kind="stable")
    largest = 0.0
    for step, index in enumerate(order):
        largest = max(largest, (len(p_values) - step) * p_values[index])
        assert found[index] == pytest.approx(min(1.0, largest))
    assert len(holm([])) == 0


@given(st.lists(st.lists(st.floats(0, 1), max_size=3), min_size=1, max_size=8), st.integers(0, 99))
@settings(max_examples=50, deadline=None)
def test_selective_q_is_benjamini_hochberg_of_tests(lists, seed):
    tests = [np.array(each) for each in lists]
    q_values = selective_q(tests, ["kind"] * len(lists))
    smallest = np.array([each.min(initial=1.0) for each in tests])
    expected = benjamini_hochberg(smallest)
    for values, q, least in zip(tests, q_values, expected, strict=True):
        assert q.min(initial=np.inf) >= least - 1e-12
        if len(values):
            assert q[values.argmin()] == pytest.approx(least)
            assert (np.argsort(values, kind="stable") == np.argsort(q, kind="stable")).all() or (
                np.diff(q[np.argsort(values)]) >= -1e-12
            ).all()
    order = np.random.default_rng(seed).permutation(len(lists))
    again = selective_q([tests[o] for o in order], ["kind"] * len(lists))
    for position, o in enumerate(order):
        np.testing.assert_allclose(again[position], q_values[o])


def test_a_kind_with_many_tests_takes_no_more_than_its_share():
    often = [np.array([0.5])] * 400
    alone = selective_q([np.array([0.01]), *often], ["once"] + ["often"] * 400)[0]
    assert alone[0] == pytest.approx(0.02)
