"""Which of a window's frames a model gets to see; without torch, which is slow to import."""

from __future__ import annotations

import numpy as np


def subsample_indices(available: int, wanted: int) -> np.ndarray:
    """Indices (wanted,) int64, spread evenly over `available` frames, truncated downwards.

    In float32 and from both ends towards the middle, as `torch.linspace` computes it: 80 frames
    give 0, 5, 10, 15, 21, ..., 79 exactly as PyTorchVideo's `uniform_temporal_subsample` does.
    Frames repeat when there are too few.

    Raises:
        ValueError: one of the counts is below 1.
    """
    if available < 1 or wanted < 1:
        raise ValueError(f"cannot take {wanted} frames out of {available}; both must be >= 1")
    if wanted == 1:
        return np.zeros(1, np.int64)
    last = np.float32(available - 1)
    step = last / np.float32(wanted - 1)
    place = np.arange(wanted, dtype=np.float32)
    from_start, from_end = step * place, last - step * (np.float32(wanted - 1) - place)
    spread = np.where(place < wanted // 2, from_start, from_end)
    return np.clip(spread, 0, last).astype(np.int64)
