"""Principal component analysis: scaling of feature blocks, principal axes.

Formulas on plain arrays belong here; the fitted space does not (`latent_space`).
"""

from __future__ import annotations

import numpy as np
from threadpoolctl import threadpool_limits


def scaling(embeddings: np.ndarray, widths: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Return mean (d,) and weight (d,) that give every block of features the same variance.

    Every feature is scaled to unit variance, then every block is divided by the square root of its
    number of varying features. Constant features get weight 0.

    Args:
        embeddings: (n, d) float64.
        widths: widths of the blocks, in order, adding up to d.
    """
    mean, deviation = embeddings.mean(axis=0), embeddings.std(axis=0)
    varies = deviation > 1e-6 * np.maximum(np.abs(mean), 1e-6)
    weight = np.where(varies, 1.0 / np.where(varies, deviation, 1.0), 0.0)
    start = 0
    for width in widths:
        block = slice(start, start + width)
        weight[block] /= np.sqrt(max(1, int(varies[block].sum())))
        start += width
    return mean, weight


def principal_axes(scaled: np.ndarray, components: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the principal axes (k, d) of centred rows and their shares of the variance (k,).

    Axes are sorted by decreasing variance, and each has its largest entry positive. Runs on one
    BLAS thread: the number of threads would change the last bits, and with them the id of a latent
    space.

    Args:
        scaled: (n, d) centred float64.
        components: number of axes, clipped to min(n - 1, d).
    """
    rows, width = scaled.shape
    k = max(1, min(components, rows - 1, width))
    with threadpool_limits(1, user_api="blas"):
        if rows > width:
            values, vectors = np.linalg.eigh(scaled.T @ scaled)
            values, axes = values[::-1][:k], vectors.T[::-1][:k]
        else:
            _, singular, axes = np.linalg.svd(scaled, full_matrices=False)
            values, axes = singular[:k] ** 2, axes[:k]
    signs = np.sign(axes[np.arange(k), np.abs(axes).argmax(axis=1)])
    total = float((scaled**2).sum())
    shares = np.maximum(values, 0) / total if total > 0 else np.zeros(k)
    return np.ascontiguousarray(axes * np.where(signs == 0, 1, signs)[:, None]), shares
