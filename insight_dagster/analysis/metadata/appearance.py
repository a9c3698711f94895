"""How single frames look: sharpness, total variation, edges, colour and contrast.

Belongs here: measures of one frame, averaged over the clip. Does not: comparisons between frames
(`similarity.py`, `motion.py`).
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from insight_dagster.analysis.metadata.frames import MeasuredFrames

CANNY_LOW, CANNY_HIGH = 100, 200


def appearance(frames: MeasuredFrames) -> dict[str, float | None]:
    """Means over the clip's frames of the single-frame measures; units in `tables.py`."""
    red, green, blue = np.mean([cv2.mean(frame)[:3] for frame in frames.colour], axis=0)
    spread = [cv2.meanStdDev(frame) for frame in frames.grey]
    return {
        "sharpness": _average(frames.grey, laplacian_variance),
        "total_variation": _average(frames.grey, total_variation),
        "edge_density": _average(frames.grey, edge_share),
        "mean_red": float(red),
        "mean_green": float(green),
        "mean_blue": float(blue),
        "brightness": float(np.mean([mean.item() for mean, _ in spread])),
        "contrast": float(np.mean([deviation.item() for _, deviation in spread])),
        "saturation": _average(frames.colour, saturation),
    }


def laplacian_variance(grey: NDArray[np.uint8]) -> float:
    """Variance of the 4-neighbour Laplacian, grey levels squared (Pech-Pacheco et al., 2000)."""
    _, deviation = cv2.meanStdDev(cv2.Laplacian(grey, cv2.CV_16S, ksize=1))
    return float(deviation.item()) ** 2


def total_variation(grey: NDArray[np.uint8]) -> float:
    """Sum of the absolute differences to the right and lower neighbour, per pixel."""
    across = cv2.norm(grey[:, 1:], grey[:, :-1], cv2.NORM_L1)
    down = cv2.norm(grey[1:], grey[:-1], cv2.NORM_L1)
    return (across + down) / grey.size


def edge_share(grey: NDArray[np.uint8]) -> float:
    """Share of pixels on a Canny edge with thresholds 100 and 200, 0-1."""
    return cv2.countNonZero(cv2.Canny(grey, CANNY_LOW, CANNY_HIGH)) / grey.size


def saturation(colour: NDArray[np.uint8]) -> float:
    """Mean HSV saturation, 0-1."""
    return cv2.mean(cv2.cvtColor(colour, cv2.COLOR_RGB2HSV))[1] / 255


def _average(images: NDArray[np.uint8], measure: Callable[[NDArray[np.uint8]], float]) -> float:
    return float(np.mean([measure(image) for image in images]))
