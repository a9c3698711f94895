"""Whether clips lie where a latent space was fitted."""

from types import SimpleNamespace

import numpy as np
import pytest

from insight_dagster.analysis.checks.latent_space import inside_the_space
from insight_dagster.analysis.latent_space.coverage import outside
from insight_dagster.analysis.latent_space.density_range import density_range
from insight_dagster.analysis.latent_space.fitting import fit_latent_space
from insight_dagster.settings.thresholds import Thresholds

TAPS = [("only", 6)]


@pytest.fixture(scope="module")
def fitted():
    rng = np.random.default_rng(3)
    vectors = np.concatenate([rng.normal(size=(60, 6)) + shift for shift in (0, 4)])
    ids = [f"{n:03d}" for n in range(len(vectors))]
    return fit_latent_space(vectors, ids, taps=TAPS, components=6), vectors, ids


def test_fitted_clips_lie_inside(fitted):
    space, vectors, ids = fitted
    assert not outside(space, *space.locate(ids, vectors)).any()


def test_a_wide_class_among_tight_ones_lies_inside_and_an_unknown_one_outside():
    rng = np.random.default_rng(5)
    tight = [0.5 * rng.normal(size=(100, 10)) + 6 * rng.normal(size=10) for _ in range(9)]
    wide = 1.5 * rng.normal(size=(100, 10))
    points = np.concatenate([wide, *tight])
    space = SimpleNamespace(coordinates=points, density_range=density_range(points))
    rows = np.concatenate([np.arange(100), np.full(60, -1)])

    def share(fitted, *, centre, spread):
        late = centre + spread * rng.normal(size=(60, 10))
        known = rows[rows < 0] if fitted is None else rows
        clips = late if fitted is None else np.concatenate([fitted, late])
        return outside(space, clips, known)[-60:].mean()

    assert not outside(space, wide, np.arange(100)).any()
    assert share(wide, centre=0, spread=1.5) < 0.15
    assert share(wide, centre=6, spread=1.5) > 0.9
    assert share(None, centre=9, spread=1.0) > 0.9


def test_clips_of_the_same_kind_lie_inside_and_others_outside(fitted):
    space, _, _ = fitted
    rng = np.random.default_rng(4)
    same, other = rng.normal(size=(40, 6)), rng.normal(size=(40, 6)) - 9
    names = [f"new{n}" for n in range(40)]
    assert outside(space, *space.locate(names, same)).mean() < 0.2
    far = outside(space, *space.locate(names, other))
    assert far.mean() > 0.9
    outcome = inside_the_space(far, Thresholds(max_outside_share=0.25))
    assert not outcome.passed and "refit_latent_space" in outcome.description


def test_a_class_without_clips_is_nowhere(fitted):
    space, _, _ = fitted
    assert not outside(space, np.zeros((0, 6)), np.zeros(0, int)).size
    tiny = SimpleNamespace(coordinates=np.zeros((3, 6)), density_range=0.0)
    assert outside(tiny, np.ones((2, 6)), np.array([-1, 0])).tolist() == [True, False]
    assert not inside_the_space(np.zeros(0, bool), Thresholds(max_outside_share=0.25)).passed
