"""The scan of many groups: p-values by chance."""

import numpy as np
from scipy import stats

from insight_dagster.analysis.insights.candidates.group_statistics import group_statistics
from insight_dagster.analysis.insights.candidates.groups import (
    tail_groups,
)
from insight_dagster.analysis.insights.candidates.max_t_scan import scan
from insight_dagster.analysis.insights.candidates.views import Family


def test_scan_p_values_are_uniform_by_chance():
    p_values = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        values = rng.normal(size=150)
        failed = group_statistics(
            (rng.random(150) < 0.2).astype(float), rng.random(150), np.arange(150) % 3
        )
        found = scan(Family("tails", (tail_groups(values),)), failed, rng)
        p_values.append(found[0].p_value if found else 1.0)
    # Only p-values up to .2 are told: their share must be that, and uniform below.
    told = np.array([p for p in p_values if p <= 0.2])
    assert stats.binomtest(len(told), 60, 0.2).pvalue > 0.01
    if len(told) >= 5:
        assert stats.kstest(told / 0.2, "uniform").pvalue > 0.01
