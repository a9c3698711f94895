"""Bootstrap weights and chunked draws."""

import numpy as np

from insight_dagster.analysis.numerics.resampling import bootstrap_weights, in_chunks


def test_chunks_return_every_draw_in_order():
    numbers = iter(range(10_000))
    found = in_chunks(lambda size: np.array([next(numbers) for _ in range(size)]), draws=7, width=9)
    assert found.tolist() == list(range(7))
    sizes = []
    in_chunks(lambda size: sizes.append(size) or np.zeros(size), draws=10, width=1_000_000)
    assert sizes == [4, 4, 2]


def test_bootstrap_keeps_the_size_of_every_group():
    groups = np.array(["a", "b", "a", "b", "b"])
    weights = bootstrap_weights(groups, draws=20, rng=np.random.default_rng(0))
    assert (weights[:, groups == "a"].sum(axis=1) == 2).all()
    assert (weights[:, groups == "b"].sum(axis=1) == 3).all()
