"""Candidate groups: nodes of trees, clusters, tails, standardised fields."""

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage

from insight_dagster.analysis.insights.candidates import groups
from insight_dagster.analysis.insights.candidates.groups import (
    class_tree_groups,
    density_groups,
    tree_groups,
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


def test_density_groups_are_dense_at_every_level():
    rng = np.random.default_rng(6)
    tight = rng.normal(size=(30, 2)) * 0.1
    near = rng.normal(size=(40, 2)) * 0.3 + 2
    far = rng.normal(size=(80, 2)) * 0.5 + [30, 0]
    found = density_groups(np.concatenate([tight, near, far]))
    rows = {tuple(found.rows(group).tolist()) for group in range(len(found))}
    assert any(len(set(each) ^ set(range(30))) <= 3 for each in rows)
    assert any(len(set(each) ^ set(range(70))) <= 6 for each in rows)
    assert sorted(found.order.tolist()) == list(range(150))
    assert len(density_groups(rng.normal(size=(15, 2)))) == 0
    assert len(density_groups(np.zeros((60, 2)))) in (0, 1)


def test_large_sets_get_a_tree_of_cells_and_trees_of_classes():
    rng = np.random.default_rng(4)
    points, labels = rng.normal(size=(4_500, 2)), np.repeat(np.arange(9), 500)
    for found in (tree_groups(points), class_tree_groups(points, labels)):
        assert sorted(found.order.tolist()) == list(range(4_500))
        assert (found.sizes >= 5).all()
        assert (found.sizes <= 2_250).all()
    inside = class_tree_groups(points, labels)
    assert all(len(set(labels[inside.rows(group)])) == 1 for group in range(0, len(inside), 50))
