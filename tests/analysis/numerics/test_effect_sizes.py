"""Effect sizes against reference formulas, and coverage of their intervals."""

import numpy as np
import pytest
from scipy import stats

from insight_dagster.analysis.numerics.effect_sizes import (
    bootstrap_standardised_difference,
    jaccard,
    mann_whitney,
    standardised_difference,
)


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


def test_jaccard_is_the_shared_part_of_the_union():
    assert jaccard(np.array([1, 2, 3]), np.array([3, 4])) == 0.25
    assert jaccard(np.array([]), np.array([])) == 0
