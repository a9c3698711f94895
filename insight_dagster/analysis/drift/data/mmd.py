"""Maximum mean discrepancy of two sets of points, for many labellings at once.

Kernel, discrepancy and witness function belong here; which clips are compared does not
(`embedding_drift`).
"""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import pdist, squareform

from insight_dagster.analysis.numerics.principal_axes import principal_axes, scaling

_COMPONENTS = 16
_SMALLEST_SHARE = 1e-12


def leading_coordinates(vectors: np.ndarray) -> np.ndarray:
    """Return the first 16 principal components (n, <= 16) of standardised vectors (n, d).

    The axes are fitted to old and new vectors together: axes of the old ones alone would fit these
    better than the new ones, and the permutation test would reject too often.
    """
    mean, weight = scaling(vectors, [vectors.shape[1]])
    scaled = (vectors - mean) * weight
    axes, shares = principal_axes(scaled, _COMPONENTS)
    return scaled @ axes[shares > _SMALLEST_SHARE].T


def gaussian_kernel(points: np.ndarray) -> np.ndarray:
    """Return the (n, n) Gaussian kernel of points (n, k), 0 on the diagonal.

    Coordinates are in standard deviations (constant axes are left out), the bandwidth is the median
    distance. Both are taken over old and new points together: a kernel that depends on the labels
    would favour the observed labelling, and the permutation test would reject too often.
    """
    deviation = points.std(axis=0)
    varied = deviation > 0
    points = (points - points.mean(axis=0))[:, varied] / deviation[varied]
    squared = pdist(points, "sqeuclidean")
    middle = np.median(squared)
    return squareform(np.exp(-squared / (2 * middle if middle > 0 else 1.0)))


def mean_discrepancies(
    kernel: np.ndarray, is_new: np.ndarray, old_weights: np.ndarray
) -> np.ndarray:
    """Return (d,) unbiased squared maximum mean discrepancies of d labellings (d, n).

    Args:
        kernel: (n, n), 0 on the diagonal.
        is_new: (d, n) 1 new, 0 old.
        old_weights: (n,) weights from `Sides.old_weights`; equal weights give the published
            estimator.

    Source: Gretton et al., J. Mach. Learn. Res. 13 (2012) 723, eq. 3.
    """
    new, old = is_new / is_new[:1].sum(), (1 - is_new) * old_weights
    to_new = new @ kernel
    within = [
        (to_own * own).sum(axis=1) / (1 - (own**2).sum(axis=1))
        for to_own, own in ((to_new, new), (old @ kernel, old))
    ]
    return within[0] + within[1] - 2 * (to_new * old).sum(axis=1)


def witness_auc(kernel: np.ndarray, is_new: np.ndarray, old_weights: np.ndarray) -> float:
    """Return the AUC with which the kernel's witness function tells new points from old ones.

    The witness is the difference of the kernel densities of new and old points. Both points of a
    pair are left out of it (leave-pair-out). If each point were left out of its own density only,
    indistinguishable sets would give less than 0.5.

    Args:
        kernel: (n, n), 0 on the diagonal.
        is_new: (n,) bool; at least two on either side.
        old_weights: (n,) weights from `Sides.old_weights`.

    Returns:
        0..1; 0.5 = indistinguishable.

    Source: Airola et al., Comput. Stat. Data Anal. 55 (2011) 1828 (leave-pair-out).
    """
    others, weights = is_new.sum() - 1, old_weights[~is_new]
    to_new, to_old = kernel[:, is_new].sum(axis=1), kernel[:, ~is_new] @ weights
    pairs, rest = kernel[np.ix_(is_new, ~is_new)], 1 - weights
    at_new = to_new[is_new, None] / others - (to_old[is_new, None] - pairs * weights) / rest
    at_old = (to_new[~is_new] - pairs) / others - to_old[~is_new] / rest
    above = np.mean((at_new > at_old) + 0.5 * (at_new == at_old), axis=0)
    return float(above @ weights)
