"""Power: more errors and larger groups are found more easily, and nothing planted is not found."""

import numpy as np

from insight_dagster.analysis.insights.power import _found, smallest_excess
from tests.support.synthetic_clips import null_clips, with_values


def clips_in_places(seed):
    """Classes of three places each, so that neighbours are a group of their own."""
    clips = null_clips(seed=seed, clips=600)
    place = np.random.default_rng(seed + 100).integers(0, 3, len(clips))
    coordinates = clips.coordinates.copy()
    coordinates[:, 2:5] += 8.0 * np.eye(3)[place]
    return with_values(clips, coordinates=coordinates)


def test_larger_groups_need_fewer_errors():
    counted = []
    small, large = smallest_excess(
        clips_in_places(3), (8, 40), trials=3, seed=1, step=lambda: counted.append(1)
    )
    assert large.found >= 0.8
    assert large.excess <= 0.6
    assert np.isnan(small.excess) or small.excess >= large.excess
    assert len(counted) <= 2 * 3 * 3


def test_an_excess_of_nothing_is_rarely_found():
    clips, rng = clips_in_places(4), np.random.default_rng(0)
    assert sum(_found(clips, 20, 0.0, rng, 0.05) for _ in range(6)) <= 1
