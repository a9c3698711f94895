"""Bootstrap weights, and random draws in bounded memory.

How clips are drawn belongs here; which statistic is computed on a draw does not.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

_ENTRIES = 4_000_000


def in_chunks(draw: Callable[[int], np.ndarray], *, draws: int, width: int) -> np.ndarray:
    """Return the concatenated results of `draw`, called in chunks that bound the memory.

    Args:
        draw: takes a number of draws, returns (count, ...) statistics of them.
        draws: total number of draws.
        width: array entries that one draw needs while its statistic is computed.
    """
    step = max(1, _ENTRIES // max(1, width))
    return np.concatenate([draw(min(step, draws - start)) for start in range(0, draws, step)])


def bootstrap_weights(groups: np.ndarray, *, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Return (draws, n) bootstrap counts of every row, each group (n,) resampled separately."""
    weights = np.empty((draws, len(groups)))
    _, number, counts = np.unique(groups, return_inverse=True, return_counts=True)
    for rows in np.split(np.argsort(number, kind="stable"), np.cumsum(counts)[:-1]):
        weights[:, rows] = rng.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), draws)
    return weights
