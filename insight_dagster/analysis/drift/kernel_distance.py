"""How far apart two clouds of points are under a kernel, for many labellings at once.

Kernel, discrepancy and witness belong here; which clips are compared does not (`data_drift`).
"""

from __future__ import annotations

import numpy as np


def gaussian_kernel(points: np.ndarray) -> np.ndarray:
    """(n, n) Gaussian kernel of points (n, k), 0 on the diagonal.

    Coordinates are in standard deviations (axes without any are left out), the bandwidth is the
    median distance. Both are of all points: a kernel that knew which are the old ones would
    favour the labelling at hand, and the permutation test would reject too often.
    """
    deviation = points.std(axis=0)
    varied = deviation > 0
    points = (points - points.mean(axis=0))[:, varied] / deviation[varied]
    squared = (points**2).sum(axis=1)
    distances = np.maximum(squared[:, None] + squared - 2 * points @ points.T, 0)
    middle = np.median(distances[np.triu_indices(len(points), 1)])
    kernel = np.exp(-distances / (2 * middle if middle > 0 else 1.0))
    np.fill_diagonal(kernel, 0)
    return kernel


def mean_discrepancies(kernel: np.ndarray, is_new: np.ndarray) -> np.ndarray:
    """(d,) unbiased squared maximum mean discrepancies of d labellings (d, n).

    Source: Gretton et al., J. Mach. Learn. Res. 13 (2012) 723, eq. 3.
    """
    new = is_new.sum(axis=1)
    old = is_new.shape[1] - new
    both = is_new @ kernel.sum(axis=1)
    inside = ((is_new @ kernel) * is_new).sum(axis=1)
    between = both - inside
    outside = kernel.sum() - inside - 2 * between
    within = inside / (new * (new - 1)) + outside / (old * (old - 1))
    return within - 2 * between / (new * old)


def witness_auc(kernel: np.ndarray, labels: np.ndarray) -> float:
    """Chance that the witness is larger at a new point than at an old one; 0.5 = alike.

    The witness is the difference of the Parzen densities of new and old points. Both points of a
    pair are left out of it: with each left out of its own density alone, sets that are alike come
    out below 0.5.

    Args:
        kernel: (n, n), 0 on the diagonal.
        labels: (n,) 1 new, 0 old; at least two of either.

    Source: Airola et al., Comput. Stat. Data Anal. 55 (2011) 1828 (leave-pair-out).
    """
    new = labels == 1
    others = new.sum() - 1, (~new).sum() - 1
    to_new, to_old = kernel[:, new].sum(axis=1), kernel[:, ~new].sum(axis=1)
    pairs = kernel[np.ix_(new, ~new)]
    at_new = to_new[new, None] / others[0] - (to_old[new, None] - pairs) / others[1]
    at_old = (to_new[~new] - pairs) / others[0] - to_old[~new] / others[1]
    return float(np.mean((at_new > at_old) + 0.5 * (at_new == at_old)))
