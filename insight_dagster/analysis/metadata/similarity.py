"""How much consecutive frames resemble each other: SSIM, grey difference, changed pixels.

Belongs here: comparisons of a frame with the next one, pixel by pixel. Does not: motion estimates
(`motion.py`).
"""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

WINDOW = 7
CHANGED_GREY_LEVELS = 20
_PAIR_FIELDS = (
    "ssim_mean",
    "ssim_std",
    "ssim_min",
    "ssim_max",
    "frame_difference_mean",
    "frame_difference_std",
    "foreground_ratio_uncompensated",
)


def similarity(grey: NDArray[np.uint8]) -> dict[str, float | None]:
    """SSIM and grey-difference statistics over consecutive frames; None for a single frame.

    Args:
        grey: uint8 (T, h, w), h and w of 7 px or more.
    """
    if len(grey) < 2:
        return dict.fromkeys(_PAIR_FIELDS)
    ssim = consecutive_ssim(grey)
    differences = [cv2.absdiff(one, two) for one, two in pairwise(grey)]
    levels = np.array([cv2.mean(difference)[0] for difference in differences])
    return {
        "ssim_mean": float(ssim.mean()),
        "ssim_std": float(ssim.std()),
        "ssim_min": float(ssim.min()),
        "ssim_max": float(ssim.max()),
        "frame_difference_mean": float(levels.mean()),
        "frame_difference_std": float(levels.std()),
        "foreground_ratio_uncompensated": changed_share(grey),
    }


def consecutive_ssim(grey: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Mean structural similarity of each frame with the next, shape (T - 1,).

    Wang et al., "Image quality assessment", IEEE TIP 13(4), 2004, with a uniform 7 x 7 window,
    sample covariances and K = (.01, .03) on a range of 255: the definition of scikit-image's
    `structural_similarity(data_range=255)`, whose border of 3 px is left out here too.
    """
    # Second moments about 128 lose less in float32 than about 0; variances do not change.
    shifted = [frame.astype(np.float32) - 128 for frame in grey]
    means = [_box(frame) for frame in shifted]
    squares = [
        _box(frame * frame) - mean * mean for frame, mean in zip(shifted, means, strict=True)
    ]
    return np.array(
        [
            _ssim(shifted[i] * shifted[i + 1], means[i : i + 2], squares[i : i + 2])
            for i in range(len(grey) - 1)
        ]
    )


def _box(image: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.boxFilter(image, cv2.CV_32F, (WINDOW, WINDOW)), np.float32)


def _ssim(
    product: NDArray[np.float32],
    means: list[NDArray[np.float32]],
    variances: list[NDArray[np.float32]],
) -> float:
    sample = WINDOW**2 / (WINDOW**2 - 1)
    luminance, structure = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    covariance = sample * (_box(product) - means[0] * means[1])
    one, two = means[0] + 128, means[1] + 128
    above = (2 * one * two + luminance) * (2 * covariance + structure)
    below = (one * one + two * two + luminance) * (
        sample * (variances[0] + variances[1]) + structure
    )
    border = WINDOW // 2
    return cv2.mean((above / below)[border:-border, border:-border])[0]


def changed_share(grey: NDArray[np.uint8]) -> float:
    """Share of pixels that change by more than 20 grey levels from frame to frame, 0-1.

    Grey levels are first stretched so that the clip's darkest pixel is 0 and its brightest 255.
    Camera motion counts as change. 0 where the clip has one grey level only.
    """
    low, high = int(grey.min()), int(grey.max())
    if low == high:
        return 0.0
    levels = np.arange(256, dtype=np.float32)
    stretch = np.clip((levels - low) * (255 / (high - low)), 0, 255).astype(np.uint8)
    stretched = [cv2.LUT(frame, stretch) for frame in grey]
    changed = [
        np.count_nonzero(cv2.absdiff(one, two) > CHANGED_GREY_LEVELS)
        for one, two in pairwise(stretched)
    ]
    return float(np.mean(changed)) / grey[0].size
