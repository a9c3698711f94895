"""Stability of clusters: known answers, and what noise gets."""

import numpy as np

from insight_dagster.analysis.latent_space.cluster_model import fit_clusters
from insight_dagster.analysis.latent_space.cluster_stability import MOST_POINTS, cluster_stability


def test_clusters_that_are_found_again_are_stable():
    labels = np.repeat([0, 1, -1], [30, 20, 10])
    assert cluster_stability(labels, lambda rows: labels[rows]).tolist() == [1, 1]


def test_a_cluster_that_falls_apart_is_not():
    labels = np.repeat([0, 1], [40, 40])

    def again(rows):  # the second one is halved every time
        return np.where(labels[rows] == 0, 7, np.where(np.arange(len(rows)) % 2, 3, 4))

    found = cluster_stability(labels, again)
    assert found[0] == 1
    assert abs(found[1] - 0.5) < 0.1
    nothing = cluster_stability(labels, lambda rows: np.full(len(rows), -1))
    assert nothing.tolist() == [0, 0]


def test_without_clusters_or_with_too_many_points_nothing_is_measured():
    assert cluster_stability(np.full(20, -1), lambda rows: rows).shape == (0,)
    many = cluster_stability(np.zeros(MOST_POINTS + 1, int), lambda rows: rows)
    assert np.isnan(many).all()


def test_separate_groups_are_stable_and_one_cloud_is_less_so():
    rng = np.random.default_rng(0)
    groups = np.concatenate([rng.normal(size=(40, 4)) * 0.2 + 5 * n for n in range(4)])
    settings = {"min_cluster_size": 8, "min_samples": 2, "dimensions": 4}
    apart = fit_clusters(groups, **settings)
    assert apart.count == 4 and apart.mean_stability > 0.9
    cloud = fit_clusters(rng.normal(size=(160, 4)), **settings)
    assert cloud.mean_stability is None or cloud.mean_stability < apart.mean_stability
