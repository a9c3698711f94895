"""Linear algebra under the latent space: scaling of feature blocks, principal axes.

Formulas on plain arrays belong here; what is kept of a fit does not (`latent_space`).
"""

from __future__ import annotations

import numpy as np
from threadpoolctl import threadpool_limits


def scaling(embeddings: np.ndarray, widths: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Mean (d,) and multiplier (d,) that give every block of features one and the same variance.

    Every feature is brought to unit variance, then every block divided by the square root of its
    number of varying features; features that do not vary get multiplier 0.

    Args:
        embeddings: (n, d) float64.
        widths: of the blocks, in order, adding up to d.
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
    """Principal axes (k, d) of centred rows, by falling variance, with their shares (k,).

    Every axis has its largest entry positive. k is `components`, clipped to min(n - 1, d). One
    thread: how many there are would show in the last bits, and with them in a space's identity.

    Args:
        scaled: (n, d) centred float64.
        components: axes wanted.
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
