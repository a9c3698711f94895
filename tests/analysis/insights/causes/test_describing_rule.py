"""Rules that describe a group: found where two conditions make it, not by chance."""

import numpy as np

from insight_dagster.analysis.insights.causes.describing_rule import describing_rule


def test_a_rule_is_found_where_two_conditions_make_the_group():
    rng = np.random.default_rng(5)
    met = rng.random((600, 6)) < 0.4
    inside = met[:, 1] & met[:, 4]
    inside ^= rng.random(600) < 0.03
    rule = describing_rule(met, inside, rng)
    assert rule.parts == (1, 4)
    assert rule.f1 > 0.8
    assert rule.p_value < 1e-6


def test_no_rule_of_one_condition_and_none_of_chance():
    told = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        met = rng.random((300, 10)) < 0.3
        assert describing_rule(met, met[:, 2], rng) is None
        told += describing_rule(met, rng.random(300) < 0.2, rng) is not None
    assert told == 0
