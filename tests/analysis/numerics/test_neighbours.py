"""Neighbour search against scikit-learn, with copies."""

import numpy as np
from sklearn.neighbors import NearestNeighbors

from insight_dagster.analysis.numerics import neighbours


def test_nearest_equals_scikit_learn_in_small_blocks(monkeypatch):
    monkeypatch.setattr(neighbours, "_BLOCK_ENTRIES", 700)
    points = np.random.default_rng(0).normal(size=(120, 6))
    found = neighbours.nearest(points[:50], points, k=7)
    distances, indices = NearestNeighbors(n_neighbors=7).fit(points).kneighbors(points[:50])
    np.testing.assert_array_equal(found.indices, indices)
    np.testing.assert_allclose(found.distances, distances, atol=1e-12)


def test_a_row_is_not_its_own_neighbour_even_among_copies():
    points = np.repeat(np.eye(3), 4, axis=0)
    found = neighbours.nearest_others(points, k=3)
    assert (found.indices != np.arange(12)[:, None]).all()
    assert (found.distances == 0).all()
    assert neighbours.nearest_others(points, k=50).indices.shape == (12, 11)


def test_nearest_clips_are_given_in_the_rows_of_any_list():
    points = np.array([[0.0], [1.0], [10.0], [11.5]])
    nearest = neighbours.NearestClips.of(["a", "b", "c", "d"], points, k=2)
    rows, distances = nearest.among(["d", "new", "c", "b"])
    np.testing.assert_array_equal(rows, [[2, 3], [-1, -1], [0, 3], [-1, 2]])
    np.testing.assert_allclose(distances, [[1.5, 10.5], [np.nan] * 2, [1.5, 9], [np.nan, 9]])
    rows, distances = neighbours.NearestClips.none().among(["a", "b"])
    assert rows.shape == distances.shape == (2, 0)
