"""The shared fit: shape, order independence, keeping, and what it refuses."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from insight_dagster.analysis.latent_space.fitting import MINIMUM_CLIPS, fit_latent_space
from insight_dagster.analysis.latent_space.latent_space import load_latent_space
from insight_dagster.errors import LatentSpaceError, NotEnoughClipsError

TAPS = (("early", 6), ("late", 30))


def vectors(clips, *, seed=0):
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(3, 36)) * 4
    points = centres[rng.integers(0, 3, clips)] + rng.normal(size=(clips, 36))
    return points.astype(np.float32), [f"{seed}-{number:04d}" for number in range(clips)]


@pytest.fixture(scope="module")
def space():
    points, ids = vectors(90)
    return fit_latent_space(points, ids, taps=TAPS, components=12, seed=3)


def test_components_equal_scikit_learn_on_blocks_of_equal_variance(space):
    points, _ = vectors(90)
    scaled = StandardScaler().fit_transform(points.astype(np.float64))
    scaled[:, :6] /= np.sqrt(6)
    scaled[:, 6:] /= np.sqrt(30)
    reference = PCA(12, svd_solver="full").fit(scaled)
    np.testing.assert_allclose(space.variance_shares, reference.explained_variance_ratio_)
    turn = np.abs(space.axes @ reference.components_.T)
    np.testing.assert_allclose(turn, np.eye(12), atol=1e-6)
    assert (space.axes[np.arange(12), np.abs(space.axes).argmax(axis=1)] > 0).all()


def test_row_order_does_not_matter(space):
    points, ids = vectors(90)
    order = np.random.default_rng(1).permutation(90)
    again = fit_latent_space(
        points[order], [ids[row] for row in order], taps=TAPS, components=12, seed=3
    )
    assert again.space_id == space.space_id


def test_the_number_of_threads_does_not_matter():
    points = np.random.default_rng(0).normal(size=(45, 656)).astype(np.float32)
    ids = [f"{number:04d}" for number in range(45)]

    def fitted(threads):
        with threadpool_limits(threads):
            return fit_latent_space(points, ids, taps=[("all", 656)])

    assert fitted(1).space_id == fitted(2).space_id


def test_saved_space_is_the_same_and_holds_no_pickle(space, tmp_path):
    path = tmp_path / "folder" / "space.npz"
    space.save(path)
    loaded = load_latent_space(path)
    assert loaded.space_id == space.space_id
    assert (loaded.taps, loaded.perplexity) == (space.taps, space.perplexity)
    assert [each.name for each in path.parent.iterdir()] == ["space.npz"]
    with np.load(path, allow_pickle=False) as stored:
        assert all(stored[name].dtype != object for name in stored.files)


def test_damaged_and_missing_files_are_refused(space, tmp_path):
    path = tmp_path / "space.npz"
    with pytest.raises(LatentSpaceError, match=r"does not exist; materialize"):
        load_latent_space(path)
    space.save(path)
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(LatentSpaceError, match=r"space\.npz is not a latent space"):
        load_latent_space(path)
    np.savez(path, axes=np.zeros(3))
    with pytest.raises(LatentSpaceError, match="is not a latent space"):
        load_latent_space(path)


def test_small_and_degenerate_libraries():
    points, ids = vectors(MINIMUM_CLIPS)
    small = fit_latent_space(points, ids, taps=TAPS, components=50)
    assert small.components == MINIMUM_CLIPS - 1
    assert np.isfinite(small.layout).all()
    same = fit_latent_space(np.ones((20, 36)), [str(n) for n in range(20)], taps=TAPS)
    assert not same.coordinates.any()
    assert same.clusters.count == 0


@pytest.mark.parametrize("columns", [1, 3])
def test_few_features_are_enough(columns):
    points = np.random.default_rng(0).normal(size=(30, columns))
    space = fit_latent_space(points, [str(n) for n in range(30)], taps=(("only", columns),))
    assert space.components == columns
    assert np.isfinite(space.layout).all()


def test_what_does_not_fit_is_refused_with_a_reason(space):
    points, ids = vectors(30)
    with pytest.raises(NotEnoughClipsError, match=r"at least 8 usable clips, got 5"):
        fit_latent_space(points[:5], ids[:5], taps=TAPS)
    with pytest.raises(LatentSpaceError, match="repeat"):
        fit_latent_space(points, ids[:1] * 30, taps=TAPS)
    with pytest.raises(LatentSpaceError, match=r"\(30, 36\)"):
        fit_latent_space(points, ids, taps=(("early", 6),))
    with pytest.raises(LatentSpaceError, match="not finite, first 0-0007"):
        fit_latent_space(np.where(np.arange(30)[:, None] == 7, np.nan, points), ids, taps=TAPS)
    with pytest.raises(LatentSpaceError, match="width 36"):
        space.transform(np.zeros((2, 7)))


def test_transform_takes_each_row_on_its_own(space):
    points, _ = vectors(40, seed=5)
    together = space.transform(points)
    alone = np.concatenate([space.transform(points[row : row + 1]) for row in range(40)])
    np.testing.assert_array_equal(together, alone)
