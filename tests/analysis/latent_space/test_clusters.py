"""Dense groups, and the assignment of new points against the hdbscan package's own."""

import warnings

import numpy as np
import pytest
from hdbscan import HDBSCAN, approximate_predict

from insight_dagster.analysis.latent_space.cluster_model import (
    SELECTION,
    fit_clusters,
    largest_size,
)
from insight_dagster.analysis.latent_space.clusters import assign, assign_points
from insight_dagster.analysis.latent_space.fitting import fit_latent_space


def blobs(points, *, seed, spread=1.0):
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(7).normal(size=(6, 5)) * 3
    return centres[rng.integers(0, 6, points)] + spread * rng.normal(size=(points, 5))


@pytest.mark.parametrize("min_samples", [1, 3, 8])
@pytest.mark.parametrize("spread", [0.5, 1.5])
def test_assignment_equals_the_packages(min_samples, spread):
    fitted, new = blobs(250, seed=0, spread=spread), blobs(400, seed=1, spread=2 * spread)
    new[:20] = fitted[:20]
    model = fit_clusters(fitted, min_cluster_size=8, min_samples=min_samples, dimensions=5)
    reference = HDBSCAN(
        min_cluster_size=8,
        min_samples=min_samples,
        cluster_selection_method=SELECTION,
        max_cluster_size=largest_size(250, 8),
        prediction_data=True,
    ).fit(fitted)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        labels, strengths = approximate_predict(reference, new)
    found = assign_points(model, fitted, new)
    np.testing.assert_array_equal(model.labels, reference.labels_)
    np.testing.assert_array_equal(found.cluster, labels)
    np.testing.assert_allclose(found.strength, strengths)
    assert model.count > 1


def test_no_cluster_is_an_answer():
    fitted = np.random.default_rng(0).normal(size=(12, 3))
    model = fit_clusters(fitted, min_cluster_size=10, min_samples=5, dimensions=3)
    assert (model.count, model.noise_share) == (0, 1.0)
    found = assign_points(model, fitted, fitted[:3])
    assert found.cluster.tolist() == [-1, -1, -1]
    assert not found.strength.any()


def test_fitted_clips_keep_their_cluster_and_new_ones_are_assigned():
    points = blobs(120, seed=0, spread=0.4)
    ids = [f"{number:03d}" for number in range(120)]
    space = fit_latent_space(points, ids, taps=(("only", 5),), perplexity=10)
    found = assign(space, ids[::-1], points[::-1])
    np.testing.assert_array_equal(found.cluster, space.clusters.labels[::-1])
    near = assign(space, ["new"], points[:1] + 1e-6)
    assert near.cluster[0] == space.clusters.labels[0] >= 0


def test_no_cluster_is_most_of_the_library():
    rng = np.random.default_rng(0)
    near = np.concatenate([rng.normal(size=(60, 3)), rng.normal(size=(60, 3)) + 5])
    far = rng.normal(size=(40, 3)) * 0.5 + 60
    model = fit_clusters(
        np.concatenate([near, far]), min_cluster_size=8, min_samples=2, dimensions=3
    )
    counts = np.bincount(model.labels[model.labels >= 0])
    assert counts.max() <= largest_size(160, 8)
    assert len(counts) >= 3
