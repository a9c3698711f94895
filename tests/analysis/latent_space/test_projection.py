"""The 2-D layout: fitted points stay, new ones land alone where they belong."""

import numpy as np
import pytest

from insight_dagster.analysis.latent_space.fitting import fit_latent_space
from insight_dagster.analysis.latent_space.latent_space import load_latent_space
from insight_dagster.analysis.latent_space.projection import project
from insight_dagster.analysis.latent_space.tsne_layout import fit_layout

TAPS = (("only", 16),)


def classes(clips, *, seed):
    rng = np.random.default_rng(seed)
    label = np.arange(clips) % 4
    centres = np.random.default_rng(99).normal(size=(4, 16)) * 4
    return centres[label] + rng.normal(size=(clips, 16)), label


@pytest.fixture(scope="module")
def space():
    points, _ = classes(100, seed=0)
    ids = [f"{number:03d}" for number in range(100)]
    return fit_latent_space(points, ids, taps=TAPS, components=10, perplexity=12, seed=0)


def test_fitted_clips_keep_their_place_in_any_order(space):
    points, _ = classes(100, seed=0)
    rows = np.array([17, 3, 88])
    found = project(space, [f"{row:03d}" for row in rows], points[rows])
    assert found.fitted.all()
    np.testing.assert_array_equal(np.c_[found.x, found.y], space.layout[rows])
    np.testing.assert_array_equal(np.c_[found.pca_x, found.pca_y], space.coordinates[rows, :2])


def test_new_clips_land_among_their_class_and_alone_as_together(space, tmp_path):
    points, label = classes(24, seed=1)
    ids = [f"new{number}" for number in range(24)]
    together = project(space, ids, points)
    assert not together.fitted.any()
    space.save(tmp_path / "space.npz")
    kept = load_latent_space(tmp_path / "space.npz")
    alone = [project(kept, ids[n : n + 1], points[n : n + 1]) for n in (0, 7, 23)]
    np.testing.assert_array_equal(together.x[[0, 7, 23]], [each.x[0] for each in alone])
    gap = np.linalg.norm(np.c_[together.x, together.y][:, None] - space.layout, axis=2)
    assert (np.arange(100)[gap.argmin(axis=1)] % 4 == label).all()


def test_the_seed_alone_decides_the_layout(space):
    again = fit_layout(space.coordinates, perplexity=12, seed=0)
    np.testing.assert_array_equal(again, space.layout)


def test_copies_of_clips_are_laid_out():
    points = np.repeat(np.random.default_rng(0).normal(size=(6, 5)), 5, axis=0)
    layout = fit_layout(points - points.mean(axis=0), perplexity=8, seed=0)
    assert np.isfinite(layout).all()


def test_nothing_to_place_is_an_empty_answer(space):
    found = project(space, [], np.zeros((0, 16)))
    assert found.x.shape == (0,)
