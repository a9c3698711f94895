"""Whether clips lie where a latent space was fitted."""

import numpy as np
import pytest

from insight_dagster.analysis.checks.vectors import inside_the_space
from insight_dagster.analysis.coverage import QUANTILE, outside
from insight_dagster.analysis.latent_space import fit_latent_space

TAPS = [("only", 6)]


@pytest.fixture(scope="module")
def fitted():
    rng = np.random.default_rng(3)
    vectors = np.concatenate([rng.normal(size=(60, 6)) + shift for shift in (0, 4)])
    ids = [f"{n:03d}" for n in range(len(vectors))]
    return fit_latent_space(vectors, ids, taps=TAPS, components=6), vectors, ids


def test_of_the_fitted_clips_a_twentieth_lies_outside(fitted):
    space, vectors, ids = fitted
    share = outside(space, *space.locate(ids, vectors)).mean()
    assert share == pytest.approx(1 - QUANTILE, abs=0.02)


def test_clips_of_the_same_kind_lie_inside_and_others_outside(fitted):
    space, _, _ = fitted
    rng = np.random.default_rng(4)
    same, other = rng.normal(size=(40, 6)), rng.normal(size=(40, 6)) - 9
    names = [f"new{n}" for n in range(40)]
    assert outside(space, *space.locate(names, same)).mean() < 0.2
    far = outside(space, *space.locate(names, other))
    assert far.mean() > 0.9
    outcome = inside_the_space(far, largest=0.25)
    assert not outcome.passed and "refit_latent_space" in outcome.description


def test_a_class_without_clips_is_inside(fitted):
    space, _, _ = fitted
    assert not outside(space, np.zeros((0, 6)), np.zeros(0, int)).size
    assert inside_the_space(np.zeros(0, bool), largest=0.25).passed
