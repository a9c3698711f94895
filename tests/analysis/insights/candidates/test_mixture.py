"""The mixture model beside scikit-learn's."""

import numpy as np
from sklearn.mixture import GaussianMixture

from insight_dagster.analysis.insights.candidates.mixture import Evidence, fit_mixture


def test_the_mixture_equals_scikit_learns_where_class_and_outcome_say_nothing():
    rng = np.random.default_rng(0)
    points = rng.normal(size=(400, 3)) + 5 * rng.integers(0, 2, 400)[:, None]
    alike = np.zeros(400, int)
    start = np.eye(2)[(points[:, 0] > 2.5).astype(int)]
    ours, posterior = fit_mixture(Evidence(points, alike, alike, (1, 1)), start, rounds=200)
    theirs = GaussianMixture(2, covariance_type="tied", tol=1e-9, max_iter=200).fit(points)
    order = np.argsort(theirs.means_[:, 0])
    np.testing.assert_allclose(np.sort(ours.means, axis=0), theirs.means_[order], atol=0.02)
    np.testing.assert_allclose(
        posterior[:, 1], theirs.predict_proba(points)[:, order[1]], atol=0.02
    )
