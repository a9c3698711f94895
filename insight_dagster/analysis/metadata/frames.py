"""The frames that a clip is measured on: one common size, colour and grey.

Belongs here: scaling and grey conversion. Does not: any measurement.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

LARGEST_SHORT_SIDE = 256
# Below this, a 7-pixel SSIM window and the 8-pixel patches of the optical flow have no room.
SMALLEST_SHORT_SIDE = 32


@dataclass(frozen=True)
class MeasuredFrames:
    """Frames of one clip at measuring size.

    Attributes:
        colour: uint8 (T, h, w, 3), RGB.
        grey: uint8 (T, h, w), luma (ITU-R BT.601 weights).
    """

    colour: NDArray[np.uint8]
    grey: NDArray[np.uint8]

    def __post_init__(self) -> None:
        if self.colour.ndim != 4 or self.colour.shape[:3] != self.grey.shape:
            raise ValueError(
                f"colour {self.colour.shape} and grey {self.grey.shape} are not (T, h, w, 3) and "
                "(T, h, w) of the same frames"
            )

    @property
    def count(self) -> int:
        """Frames T."""
        return len(self.grey)

    @property
    def diagonal(self) -> float:
        """Length of the frame's diagonal in pixels, the unit of all motion measures."""
        return float(np.hypot(*self.grey.shape[1:]))


def shrink(frames: NDArray[np.uint8]) -> MeasuredFrames:
    """Frames with a short side of 32 to 256 px; those already inside keep their size.

    Args:
        frames: uint8 (T, H, W, 3), RGB, T >= 1.

    Raises:
        ValueError: another shape or dtype, or no frame.
    """
    if frames.ndim != 4 or frames.shape[-1] != 3 or frames.dtype != np.uint8 or 0 in frames.shape:
        raise ValueError(
            f"frames must be uint8 (T, H, W, 3) with T >= 1, got {frames.dtype} {frames.shape}"
        )
    size = measuring_size(height=frames.shape[1], width=frames.shape[2])
    colour = np.stack([_resize(frame, size) for frame in frames])
    grey = np.stack([cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in colour])
    return MeasuredFrames(colour, grey)


def measuring_size(*, height: int, width: int) -> tuple[int, int]:
    """Height and width in pixels that a frame is measured at, aspect ratio kept."""
    short = min(height, width)
    scale = min(max(short, SMALLEST_SHORT_SIDE), LARGEST_SHORT_SIDE) / short
    return max(round(height * scale), 1), max(round(width * scale), 1)


def _resize(frame: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    if frame.shape[:2] == size:
        return frame
    how = cv2.INTER_AREA if size[0] < frame.shape[0] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(frame, size[::-1], interpolation=how), np.uint8)
