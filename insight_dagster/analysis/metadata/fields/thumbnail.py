"""A small fingerprint of what a clip shows over time, for near-duplicate search.

Belongs here: the thumbnail stack. Does not: searching with it (`analysis/insights`).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

STEPS, HEIGHT, WIDTH = 8, 12, 16
SIGNATURE_LENGTH = STEPS * HEIGHT * WIDTH


def signature(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Grey thumbnails of 12 x 16 at 8 evenly spaced times, flattened to uint8 (1536,).

    Averaging over large areas keeps it within a few grey levels when a clip is encoded again or
    scaled, while another take of the same scene differs where things stand.

    Args:
        grey: uint8 (T, h, w); clips of under 8 frames repeat frames.
    """
    picked = np.linspace(0, len(grey) - 1, STEPS).round().astype(int)
    thumbnails = [
        cv2.resize(grey[index], (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA) for index in picked
    ]
    return np.stack(thumbnails).ravel()
