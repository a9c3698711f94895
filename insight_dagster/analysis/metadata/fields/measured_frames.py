"""The frames that a clip is measured on: scaled to a common size, in colour and grey.

Scaling, cropping and grey conversion belong here; measurements do not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

LARGEST_SHORT_SIDE = 256
# Smaller frames have no room for the 7-pixel SSIM window and the 8-pixel patches of the flow.
SMALLEST_SHORT_SIDE = 32
LARGEST_NATIVE_SIDE = 512
GRID = 8


@dataclass(frozen=True)
class MeasuredFrames:
    """Frames of one clip at the size that they are measured at.

    Attributes:
        colour: (T, h, w, 3) uint8 RGB.
        grey: (T, h, w) uint8, luma with ITU-R BT.601 weights.
        native: (T, a, b) uint8, luma of the middle of the frames as decoded, at most 512 pixels a
            side, with its corner on their 8-pixel grid; `grey` if the frames had to be enlarged.
        timestamps: (T,) float64, increasing, in seconds.
    """

    colour: NDArray[np.uint8]
    grey: NDArray[np.uint8]
    native: NDArray[np.uint8]
    timestamps: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.colour.ndim != 4 or self.colour.shape[:3] != self.grey.shape:
            raise ValueError(
                f"colour {self.colour.shape} and grey {self.grey.shape} are not (T, h, w, 3) and "
                "(T, h, w) of the same frames"
            )
        if self.timestamps.shape != (self.count,) or (np.diff(self.timestamps) <= 0).any():
            raise ValueError(
                f"{self.count} frames need as many increasing timestamps, got {self.timestamps}"
            )

    @property
    def count(self) -> int:
        """The number of frames, T."""
        return len(self.grey)

    @property
    def diagonal(self) -> float:
        """The length of a frame's diagonal in pixels, the unit of all motion measures."""
        return float(np.hypot(*self.grey.shape[1:]))


def shrink(frames: NDArray[np.uint8], timestamps: NDArray[np.float64]) -> MeasuredFrames:
    """Scale frames to a short side of 32 to 256 pixels.

    Args:
        frames: (T, H, W, 3) uint8 RGB, T >= 1.
        timestamps: (T,) float64, increasing, in seconds.

    Raises:
        ValueError: the shape or dtype is wrong, or there are no frames.
    """
    if frames.ndim != 4 or frames.shape[-1] != 3 or frames.dtype != np.uint8 or 0 in frames.shape:
        raise ValueError(
            f"frames must be uint8 (T, H, W, 3) with T >= 1, got {frames.dtype} {frames.shape}"
        )
    size = measuring_size(height=frames.shape[1], width=frames.shape[2])
    colour = frames if frames.shape[1:3] == size else _scaled(frames, size)
    grey = _grey(colour)
    native = grey if min(frames.shape[1:3]) < SMALLEST_SHORT_SIDE else _native(frames, grey)
    return MeasuredFrames(colour, grey, native, timestamps)


def measuring_size(*, height: int, width: int) -> tuple[int, int]:
    """Return the height and width in pixels that a frame is scaled to, keeping its aspect ratio."""
    short = min(height, width)
    scale = min(max(short, SMALLEST_SHORT_SIDE), LARGEST_SHORT_SIDE) / short
    return max(round(height * scale), 1), max(round(width * scale), 1)


def halved(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Scale frames (T, h, w) to half their size, by one step of a Gaussian pyramid."""
    return np.stack([cv2.pyrDown(frame) for frame in grey]).astype(np.uint8, copy=False)


def measure_each(
    images: NDArray[np.uint8], measure: Callable[[NDArray[np.uint8]], float]
) -> NDArray[np.float64]:
    """Return the measure of each image, (T,) float64."""
    return np.array([measure(image) for image in images], np.float64)


def _native(frames: NDArray[np.uint8], grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    rows, columns = (_middle(length) for length in frames.shape[1:3])
    if frames.shape[1:3] == grey.shape[1:3]:
        return grey[:, rows, columns]
    return _grey(frames[:, rows, columns])


def _middle(length: int) -> slice:
    start = max(length - LARGEST_NATIVE_SIDE, 0) // 2 // GRID * GRID
    return slice(start, start + min(length, LARGEST_NATIVE_SIDE))


def _grey(colour: NDArray[np.uint8]) -> NDArray[np.uint8]:
    grey = np.empty(colour.shape[:3], np.uint8)
    for frame, into in zip(colour, grey, strict=True):
        cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY, dst=into)
    return grey


def _scaled(frames: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    interpolation = cv2.INTER_AREA if size[0] < frames.shape[1] else cv2.INTER_LINEAR
    scaled = [cv2.resize(frame, size[::-1], interpolation=interpolation) for frame in frames]
    return np.stack(scaled).astype(np.uint8, copy=False)
