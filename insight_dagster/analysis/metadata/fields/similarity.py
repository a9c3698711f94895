"""The similarity of consecutive frames: SSIM, grey difference, changed pixels.

Comparing a frame with the next one pixel by pixel belongs here; optical flow (`flow`) does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from insight_dagster.analysis.metadata.fields.measurement import Measurement, no_pairs

WINDOW = 7
CHANGED_GREY_LEVELS = 20
_FIELDS = (
    "ssim_mean",
    "ssim_std",
    "ssim_min",
    "ssim_max",
    "frame_difference_mean",
    "frame_difference_std",
    "foreground_ratio_uncompensated",
)
_SERIES = ("ssim", "frame_difference", "foreground_ratio_uncompensated")


def similarity(grey: NDArray[np.uint8]) -> Measurement:
    """Measure SSIM and grey differences of consecutive frames; None for a single frame.

    Args:
        grey: (T, h, w) uint8, h and w of at least 7 pixels.
    """
    if len(grey) < 2:
        return no_pairs(_FIELDS, _SERIES)
    ssim, changed = consecutive_ssim(grey), changed_share(grey)
    levels = np.array([cv2.mean(cv2.absdiff(one, two))[0] for one, two in pairwise(grey)])
    values: dict[str, float | None] = {
        "ssim_mean": float(ssim.mean()),
        "ssim_std": float(ssim.std()),
        "ssim_min": float(ssim.min()),
        "ssim_max": float(ssim.max()),
        "frame_difference_mean": float(levels.mean()),
        "frame_difference_std": float(levels.std()),
        "foreground_ratio_uncompensated": float(changed.mean()),
    }
    return Measurement(values, dict(zip(_SERIES, (ssim, levels, changed), strict=True)))


@dataclass(frozen=True)
class _Windows:
    """A frame minus 128, and mean and variance of the window around each pixel; (h, w) float32."""

    shifted: NDArray[np.float32]
    mean: NDArray[np.float32]
    variance: NDArray[np.float32]


def consecutive_ssim(grey: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the mean structural similarity (SSIM) of each frame with the next, (T - 1,).

    Equal to scikit-image's `structural_similarity(data_range=255)`: a uniform 7 x 7 window, sample
    covariances, K = (0.01, 0.03), and a border of 3 pixels that does not count.

    Source: Wang et al., "Image quality assessment", IEEE TIP 13(4), 2004.

    Args:
        grey: (T, h, w) uint8, h and w of at least 7 pixels.
    """
    # Frame by frame, because the intermediate arrays of two frames fit into the cache.
    return np.array([_ssim(one, two) for one, two in pairwise(map(_windows, grey))])


def _windows(frame: NDArray[np.uint8]) -> _Windows:
    # Second moments about 128 are more precise in float32 than about 0; variances are the same.
    shifted = frame.astype(np.float32) - 128
    mean, variance = _box(shifted), _box(shifted * shifted)
    variance -= mean * mean
    return _Windows(shifted, mean, variance)


def _box(image: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.boxFilter(image, cv2.CV_32F, (WINDOW, WINDOW)), np.float32)


def _ssim(one: _Windows, two: _Windows) -> float:
    sample = WINDOW**2 / (WINDOW**2 - 1)
    luminance, structure = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    covariance = _box(one.shifted * two.shifted)
    covariance -= one.mean * two.mean
    covariance *= 2 * sample
    covariance += structure
    light, other_light = one.mean + 128, two.mean + 128
    above = light * other_light
    above *= 2
    above += luminance
    above *= covariance
    light *= light
    other_light *= other_light
    light += other_light
    light += luminance
    below = one.variance + two.variance
    below *= sample
    below += structure
    below *= light
    above /= below
    border = WINDOW // 2
    return cv2.mean(above[border:-border, border:-border])[0]


def changed_share(grey: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the share of pixels that change by more than 20 grey levels to the next frame.

    Grey levels are first stretched so that the clip's darkest pixel is 0 and its brightest 255.
    This is the published foreground ratio, in which camera motion counts as foreground.

    Args:
        grey: (T, h, w) uint8.

    Returns:
        (T - 1,) float64, 0-1; 0 if the clip has only one grey level.
    """
    low, high = int(grey.min()), int(grey.max())
    if low == high:
        return np.zeros(len(grey) - 1)
    levels = np.arange(256, dtype=np.float32)
    stretch = np.clip((levels - low) * (255 / (high - low)), 0, 255).astype(np.uint8)
    stretched = [cv2.LUT(frame, stretch) for frame in grey]
    changed = [
        np.count_nonzero(cv2.absdiff(one, two) > CHANGED_GREY_LEVELS)
        for one, two in pairwise(stretched)
    ]
    return np.array(changed) / grey[0].size
