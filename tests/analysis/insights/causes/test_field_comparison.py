"""Comparison of fields: direction, size, missing values, ties."""

import numpy as np
import pytest
from scipy import stats

from insight_dagster.analysis.insights.causes.field_comparison import (
    compare_fields,
)
from insight_dagster.analysis.insights.causes.histograms import histograms


def test_causes_know_the_direction_the_size_and_missing_values():
    rng = np.random.default_rng(2)
    values = rng.normal(size=(120, 4))
    inside = np.arange(120) < 30
    values[inside, 0] += 2
    values[inside, 1] -= 1
    values[::4, 1] = np.nan
    values[:, 3] = 7
    found = compare_fields(values, inside, rng=rng)
    known = ~np.isnan(values[:, 1])
    expected = stats.mannwhitneyu(
        values[inside & known, 1], values[~inside & known, 1], method="asymptotic"
    )
    assert found.p_value[1] == pytest.approx(expected.pvalue)
    assert (found.auc[0] > 0.85, found.auc[1] < 0.35) == (True, True)
    assert found.ci_low[0] < found.effect[0] < found.ci_high[0]
    assert found.effect[0] == pytest.approx(2, abs=0.6)
    assert found.p_value[0] < 1e-8
    assert found.p_value[2] > 0.01
    assert np.isnan(found.p_value[3])
    assert found.inside[1] == pytest.approx(np.median(values[inside & known, 1]))


def test_causes_of_two_clips_are_not_reported():
    values = np.random.default_rng(3).normal(size=(40, 2))
    found = compare_fields(values, np.arange(40) < 2, rng=np.random.default_rng(0))
    assert np.isnan(found.p_value).all()


def test_two_values_have_no_histograms_and_tied_medians_give_way_to_means():
    values = np.array([0.0, 0, 0, 4, 0, 0, 0, 0, 1, 2])
    inside = np.arange(10) < 4
    found = compare_fields(values[:, None], inside, rng=np.random.default_rng(0))
    assert (found.inside[0], found.outside[0]) == (1.0, 0.5)
    assert histograms(np.minimum(values, 1), inside).low is None
    assert sum(histograms(values, inside).inside) == pytest.approx(1)
