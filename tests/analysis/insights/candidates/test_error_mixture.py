"""Failing components: found where planted, honest p-values by chance."""

import numpy as np

from insight_dagster.analysis.insights.candidates.error_mixture import failing_components
from insight_dagster.analysis.insights.candidates.group_statistics import group_statistics
from insight_dagster.analysis.insights.candidates.mixture import Evidence


def clips_with_slice(*, seed, errors=0.7, n=600):
    """Evidence and failures of two classes; 40 clips of class 0 lie apart and fail more."""
    rng = np.random.default_rng(seed)
    classes = np.arange(n) % 2
    points = rng.normal(size=(n, 12)) + 4 * classes[:, None] * np.eye(12)[0]
    group = np.arange(0, 80, 2)
    points[group, 1] += 3.5
    rate = np.full(n, 0.1)
    rate[group] = errors
    wrong = (rng.random(n) < rate).astype(float)
    loss = 0.2 + 2 * wrong + 0.1 * rng.random(n)
    return (
        Evidence(points, classes, wrong.astype(int), (2, 2)),
        group_statistics(wrong, loss, classes),
        group,
    )


def test_a_failing_component_is_found_with_soft_scores():
    evidence, failed, group = clips_with_slice(seed=1)
    found = failing_components(evidence, failed, np.random.default_rng(0))
    best = min(found, key=lambda each: each.p_value)
    assert best.p_value < 0.005
    assert np.isin(best.members, group).mean() > 0.8
    assert np.isin(np.argsort(-best.scores)[:20], group).mean() >= 0.9
    assert ((best.scores >= 0) & (best.scores <= 1)).all()


def test_components_of_chance_have_honest_p_values():
    smallest = []
    for seed in range(20):
        evidence, failed, _ = clips_with_slice(seed=100 + seed, errors=0.1, n=200)
        found = failing_components(evidence, failed, np.random.default_rng(seed))
        smallest.append(min((each.p_value for each in found), default=1.0))
    # One of 20 is expected below .05; more than 4 have a chance of .3 %.
    assert (np.array(smallest) <= 0.05).sum() <= 4
