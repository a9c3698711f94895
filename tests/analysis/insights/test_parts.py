"""The parts that the insight kinds share: candidate groups, causes, the density null."""

import numpy as np
import pytest
from scipy import stats
from scipy.cluster.hierarchy import fcluster, linkage

from insight_dagster.analysis.insights.candidates import density_null, groups
from insight_dagster.analysis.insights.causes.field_comparison import (
    compare_fields,
)


def members(found):
    return {tuple(found.rows(group).tolist()) for group in range(len(found))}


def test_tree_groups_are_the_nodes_of_the_tree():
    points = np.random.default_rng(0).normal(size=(40, 3))
    found = groups.tree_groups(points, minimum=4)
    flat = fcluster(linkage(points, "ward"), 6, criterion="maxclust")
    expected = {tuple(np.flatnonzero(flat == label).tolist()) for label in np.unique(flat)}
    assert {each for each in expected if 4 <= len(each) <= 20} <= members(found)
    assert all(4 <= len(each) <= 20 for each in members(found))
    assert len(groups.tree_groups(points[:7], minimum=4)) == 0


def test_group_sums_equal_plain_sums():
    rng = np.random.default_rng(1)
    found, values = groups.tree_groups(rng.normal(size=(30, 2))), rng.normal(size=(3, 30))
    plain = np.stack([values[:, found.rows(g)].sum(axis=1) for g in range(len(found))], axis=1)
    np.testing.assert_allclose(found.sums(values), plain)


def test_cluster_groups_leave_out_noise_and_crumbs():
    cluster = np.array([-1] * 10 + [0] * 6 + [1] * 3)
    assert members(groups.cluster_groups(cluster)) == {tuple(range(10, 16))}


def test_tail_groups_cut_between_values_and_know_missing_ones():
    values = np.array([np.nan, *np.repeat(np.arange(20.0), 5), np.nan])
    found = members(groups.tail_groups(values))
    assert {tuple(range(1, 6)), tuple(range(96, 101))} <= found
    assert all(len(each) % 5 == 0 and len(each) <= 30 for each in found)
    assert all(0 not in each and 101 not in each for each in found)


def test_standardised_survives_constants_missing_values_and_outliers():
    values = np.column_stack([
        np.arange(10.0), np.full(10, 3.0), np.full(10, np.nan), [np.nan, *np.arange(8.0), 1e9],
    ])  # fmt: skip
    scaled = groups.standardised(values)
    assert scaled.shape == (10, 2)
    assert np.isfinite(scaled).all()
    assert np.abs(scaled).max() <= 4
    assert groups.standardised(np.zeros((0, 3))).shape == (0, 3)


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


def test_causes_of_two_clips_are_not_told():
    values = np.random.default_rng(3).normal(size=(40, 2))
    found = compare_fields(values, np.arange(40) < 2, rng=np.random.default_rng(0))
    assert np.isnan(found.p_value).all()


def test_density_null_expects_what_an_ellipse_has():
    rng = np.random.default_rng(4)
    points = rng.normal(size=(150, 3)) * [3, 1, 0.5]
    null = density_null.simulate(points - points.mean(axis=0), rng)
    reach = np.sort(density_null.pairwise(points, points), axis=1)[:, 5]
    z = null.z(np.arange(150), np.log(reach), 5)
    assert abs(z.mean()) < 0.3
    assert z.max() < np.quantile(null.maxima, 0.99)
    counts = null.expected_count(np.arange(150), np.log(reach))
    assert 4 < np.median(counts) < 6.5
    assert (null.expected_count(np.arange(3), np.full(3, -20.0)) < 0.01).all()
