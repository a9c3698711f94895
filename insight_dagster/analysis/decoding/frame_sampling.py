"""The indices of the frames that a model receives out of a window's frames.

Implemented without torch, because torch is slow to import.
"""

from __future__ import annotations

import numpy as np


def subsample_indices(available: int, wanted: int) -> np.ndarray:
    """Return indices spread evenly over the available frames, truncated to whole numbers.

    Equal to PyTorchVideo's `uniform_temporal_subsample`: computed in float32 from both ends towards
    the middle, as `torch.linspace` does. 16 of 80 frames are 0, 5, 10, 15, 21, ..., 79. Indices
    repeat when fewer frames are available than wanted.

    Args:
        available: number of frames to choose from.
        wanted: number of indices.

    Returns:
        (wanted,) int64, ascending.

    Raises:
        ValueError: one of the numbers is below 1.
    """
    if available < 1 or wanted < 1:
        raise ValueError(f"cannot sample {wanted} frames out of {available}; both must be >= 1")
    if wanted == 1:
        return np.zeros(1, np.int64)
    last = np.float32(available - 1)
    step = last / np.float32(wanted - 1)
    place = np.arange(wanted, dtype=np.float32)
    from_start, from_end = step * place, last - step * (np.float32(wanted - 1) - place)
    spread = np.where(place < wanted // 2, from_start, from_end)
    return np.clip(spread, 0, last).astype(np.int64)
