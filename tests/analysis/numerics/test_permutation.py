"""Permutation p-values: calibration on nulls, ties, fitted tails."""

import numpy as np
import pytest
from scipy import stats

from insight_dagster.analysis.numerics.permutation import (
    gumbel_tail_p,
    permutation_p,
    rank_sum_permutation_p,
    stratified_permutations,
    tail_p,
)


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


def test_tail_p_agrees_with_known_laws():
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
