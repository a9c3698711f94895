"""The density null: what it expects of an ellipse."""

import numpy as np
from scipy.spatial.distance import cdist

from insight_dagster.analysis.insights.candidates import density_null


def test_density_null_expects_what_an_ellipse_has():
    rng = np.random.default_rng(4)
    points = rng.normal(size=(150, 3)) * [3, 1, 0.5]
    null = density_null.simulate(points - points.mean(axis=0), rng)
    reach = np.sort(cdist(points, points), axis=1)[:, 5]
    z = null.z(np.arange(150), np.log(reach), 5)
    assert abs(z.mean()) < 0.3
    assert z.max() < np.quantile(null.maxima, 0.99)
    counts = null.expected_count(np.arange(150), np.log(reach))
    assert 4 < np.median(counts) < 6.5
    assert (null.expected_count(np.arange(3), np.full(3, -20.0)) < 0.01).all()
