"""Statistics against reference libraries, and calibration on nulls."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from insight_dagster.analysis.numerics.effect_sizes import (
    bootstrap_standardised_difference,
    mann_whitney,
    standardised_difference,
)
from insight_dagster.analysis.numerics.intervals import mean_difference, wilson
from insight_dagster.analysis.numerics.multiple_testing import benjamini_hochberg
from insight_dagster.analysis.numerics.permutation import (
    gumbel_tail_p,
    permutation_p,
    rank_sum_permutation_p,
    stratified_permutations,
)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
@settings(max_examples=60, deadline=None)
def test_benjamini_hochberg_equals_scipy(p_values):
    expected = stats.false_discovery_control(p_values)
    np.testing.assert_allclose(benjamini_hochberg(np.array(p_values)), expected)


def test_benjamini_hochberg_does_not_count_missing_tests():
    q = benjamini_hochberg(np.array([0.01, np.nan, 0.04]))
    np.testing.assert_allclose(q[[0, 2]], [0.02, 0.04])
    assert np.isnan(q[1])


def test_mann_whitney_equals_scipy_with_ties_and_constant_columns():
    rng = np.random.default_rng(0)
    values = np.column_stack([rng.normal(size=60), rng.integers(0, 4, 60), np.ones(60)])
    inside = np.arange(60) < 25
    auc, p_value = mann_whitney(values, inside)
    for column in range(2):
        reference = stats.mannwhitneyu(
            values[inside, column], values[~inside, column], method="asymptotic"
        )
        assert auc[column] == pytest.approx(reference.statistic / (25 * 35))
        assert p_value[column] == pytest.approx(reference.pvalue)
    assert (auc[2], p_value[2]) == (0.5, 1.0)


def test_wilson_and_welch_equal_scipy():
    share = wilson(7, 40)
    expected = stats.binomtest(7, 40).proportion_ci(method="wilson")
    assert (share.low, share.high) == pytest.approx((expected.low, expected.high))
    rng = np.random.default_rng(1)
    first, second = rng.normal(1, 2, 30), rng.normal(size=50)
    found = mean_difference(first, second)
    welch = stats.ttest_ind(first, second, equal_var=False).confidence_interval()
    assert (found.low, found.high) == pytest.approx((welch.low, welch.high))


def test_standardised_difference_is_cohens_d_and_zero_for_constants():
    rng = np.random.default_rng(2)
    values = np.column_stack([rng.normal(size=80), np.full(80, 3.0)])
    inside = np.arange(80) < 20
    values[inside, 0] += 1
    first, second = values[inside, 0], values[~inside, 0]
    pooled = np.sqrt((19 * first.var(ddof=1) + 59 * second.var(ddof=1)) / 78)
    found = standardised_difference(values, inside)
    assert found[0] == pytest.approx((first.mean() - second.mean()) / pooled, rel=0.02)
    assert found[1] == 0


def test_bootstrap_interval_covers_the_truth_about_as_often_as_it_says():
    covered = 0
    for seed in range(120):
        rng = np.random.default_rng(seed)
        values = rng.normal(size=(90, 1))
        inside = np.arange(90) < 30
        values[inside] += 0.8
        low, high = bootstrap_standardised_difference(values, inside, draws=200, rng=rng)
        covered += low[0] <= 0.8 <= high[0]
    assert 0.88 <= covered / 120 <= 0.99


def test_p_values_are_uniform_on_nulls():
    found = []
    for seed in range(150):
        rng = np.random.default_rng(seed)
        inside = rng.permutation(40) < 8
        values = rng.exponential(size=(40, 1))
        found.append(rank_sum_permutation_p(values, inside, draws=199, rng=rng)[0])
    assert stats.kstest(found, "uniform").pvalue > 0.01


def test_permutation_p_is_never_zero_and_counts_ties():
    null = np.array([1.0, 2.0, 2.0, 3.0])
    np.testing.assert_allclose(permutation_p(np.array([9.0, 2.0]), null), [0.2, 0.8])


def test_gumbel_tail_agrees_with_the_law_it_assumes():
    maxima = stats.gumbel_r.rvs(size=4000, random_state=0)
    far = float(stats.gumbel_r.isf(1e-5))
    assert gumbel_tail_p(far, maxima) == pytest.approx(1e-5, rel=0.5)
    assert gumbel_tail_p(0.0, maxima) == pytest.approx(stats.gumbel_r.sf(0.0), abs=0.03)


def test_stratified_permutations_keep_every_stratum():
    values, strata = np.arange(10.0), np.array([0, 1] * 5)
    shuffled = stratified_permutations(values, strata, draws=50, rng=np.random.default_rng(0))
    assert (np.sort(shuffled[:, strata == 0], axis=1) == np.arange(0, 10, 2)).all()
    assert len(np.unique(shuffled, axis=0)) > 40
