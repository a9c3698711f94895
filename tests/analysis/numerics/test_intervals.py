"""Confidence intervals against reference formulas."""

import numpy as np
import pytest
from scipy import stats

from insight_dagster.analysis.numerics.intervals import mean_difference, percentile_interval, wilson


def test_wilson_and_welch_equal_scipy():
    share = wilson(7, 40)
    expected = stats.binomtest(7, 40).proportion_ci(method="wilson")
    assert (share.low, share.high) == pytest.approx((expected.low, expected.high))
    rng = np.random.default_rng(1)
    first, second = rng.normal(1, 2, 30), rng.normal(size=50)
    found = mean_difference(first, second)
    welch = stats.ttest_ind(first, second, equal_var=False).confidence_interval()
    assert (found.low, found.high) == pytest.approx((welch.low, welch.high))


def test_wilson_by_its_formula():
    z, trials = stats.norm.ppf(0.975), 40
    for successes in (0, 7, 40):
        share = successes / trials
        middle = (share + z**2 / (2 * trials)) / (1 + z**2 / trials)
        half = z * np.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2))
        found, half = wilson(successes, trials), half / (1 + z**2 / trials)
        assert found.estimate == share
        expected = max(0, middle - half), min(1, middle + half)
        assert (found.low, found.high) == pytest.approx(expected, abs=1e-12)
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0, 1)


def test_welch_by_its_formula_and_without_spread():
    first, second = np.array([0.1, 0.7, 0.4, np.nan]), np.array([2.0, 1.0])
    parts = np.array([0.09 / 3, 0.5 / 2])
    freedom = parts.sum() ** 2 / (parts[0] ** 2 / 2 + parts[1] ** 2 / 1)
    half = stats.t.ppf(0.975, freedom) * np.sqrt(parts.sum())
    found = mean_difference(first, second)
    assert (found.low, found.high) == pytest.approx((-1.1 - half, -1.1 + half))
    same = mean_difference(np.full(4, 0.3), np.full(5, 0.1))
    assert same.low == same.estimate == same.high == pytest.approx(0.2)
    few = mean_difference(np.ones(1), second)
    assert (few.estimate, few.low, few.high) == (-0.5, -np.inf, np.inf)
    assert np.isnan(mean_difference(np.zeros(0), second).estimate)


def test_percentile_interval_leaves_out_one_fortieth_on_either_side():
    assert percentile_interval(np.arange(1001.0)) == pytest.approx((25, 975))
