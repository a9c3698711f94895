"""A clip's signature for near-duplicate search: small grey thumbnails over time.

Searching with it (`insights.kinds.near_duplicates`) does not belong here.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

STEPS, HEIGHT, WIDTH = 8, 12, 16
SIGNATURE_LENGTH = STEPS * HEIGHT * WIDTH


def signature(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return grey thumbnails of 12 x 16 pixels at 8 evenly spaced times, flattened.

    Averaging over large areas keeps them within a few grey levels if a clip is encoded again or
    scaled, while another take of the same scene differs.

    Args:
        grey: (T, h, w) uint8; clips of fewer than 8 frames repeat frames.

    Returns:
        (1536,) uint8.
    """
    picked = np.linspace(0, len(grey) - 1, STEPS).round().astype(int)
    thumbnails = [
        cv2.resize(grey[index], (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA) for index in picked
    ]
    return np.stack(thumbnails).ravel()
