"""Traces of recording and encoding in the frames: noise, the codec's blocks, black bars.

What is not part of the scene belongs here; the look of the scene (`appearance`) does not.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from insight_dagster.analysis.metadata.fields.measured_frames import (
    GRID,
    MeasuredFrames,
    measure_each,
)
from insight_dagster.analysis.metadata.fields.measurement import Measurement

_CURVE = np.array([1.0, -2.0, 1.0])
# Codecs leave black a few levels above 0, and unconverted limited-range black is 16.
BLACK = 24
BRIGHT_SHARE = 0.01
LARGEST_STEP = 16
EDGE_LINES, FILLED_SHARE = 3, 0.5


def artefacts(frames: MeasuredFrames) -> Measurement:
    """Measure noise and blockiness of the frames as decoded, and the share of black bars.

    The bars are None if the clip is black throughout.
    """
    series = {"noise": measure_each(frames.native, noise), "blockiness": blockiness(frames.native)}
    letterbox, pillarbox = black_bars(frames.grey)
    means = {name: float(each.mean()) for name, each in series.items()}
    return Measurement({**means, "letterbox": letterbox, "pillarbox": pillarbox}, series)


def noise(grey: NDArray[np.uint8]) -> float:
    """Return the standard deviation of white noise in grey levels; fine texture counts as noise.

    Source: Immerkaer, "Fast noise variance estimation", Computer Vision and Image Understanding
    64(2), 1996: the mean absolute response to the difference of two Laplacians.

    Args:
        grey: (h, w) uint8, h and w of at least 3 pixels.
    """
    response = cv2.sepFilter2D(grey, cv2.CV_16S, _CURVE, _CURVE)[1:-1, 1:-1]
    return float(np.sqrt(np.pi / 2) / 6 * cv2.norm(response, cv2.NORM_L1) / response.size)


def blockiness(grey: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the relative excess of grey steps on an 8-pixel grid over those off it.

    Steps are limited to 16 grey levels and compared by their medians over the grid's lines, so that
    edges of the scene count little, and averaged over both directions. The grid's origin is the one
    with the largest steps in the whole clip, because frames may have been cropped or rotated.

    Args:
        grey: (T, h, w) uint8, as decoded: scaling removes the grid.

    Returns:
        (T,) float64; 0 means no grid.
    """
    across = _excess(np.stack([_steps(frame) for frame in grey]))
    down = _excess(np.stack([_steps(cv2.transpose(frame)) for frame in grey]))
    return (across + down) / 2


def _steps(grey: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the mean absolute difference across each column border, limited to 16, (w - 1,)."""
    steps = cv2.absdiff(grey[:, 1:], grey[:, :-1])
    _, steps = cv2.threshold(steps, LARGEST_STEP, LARGEST_STEP, cv2.THRESH_TRUNC)
    return cv2.reduce(steps, 0, cv2.REDUCE_SUM, dtype=cv2.CV_32S)[0] / len(grey)


def _excess(steps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the relative excess (T,) of steps (T, n) on the clip's grid over those off it."""
    lines = steps[:, : steps.shape[1] // GRID * GRID].reshape(len(steps), -1, GRID)
    typical = np.median(lines, axis=1)
    on = typical.sum(axis=0).argmax()
    off = (typical.sum(axis=1) - typical[:, on]) / (GRID - 1)
    # Half a grey level bounds the ratio of two steps near zero in a flat scene.
    return np.maximum(typical[:, on] - off, 0) / (off + 0.5)


def black_bars(grey: NDArray[np.uint8]) -> tuple[float | None, float | None]:
    """Return the share of the height in bars above and below, and of the width left and right.

    Rows and columns at the frame's edge are a bar if at most 1 % of their pixels exceed luma 24 in
    any frame. More than half of the pixels of the picture between the bars must exceed it, and more
    than half of those in one of its three lines next to the bar: text on black and dark skies are
    not framed pictures. Bars of a scene that is dark throughout are not found.

    Args:
        grey: (T, h, w) uint8.

    Returns:
        Two shares, 0-1; None for a clip that is black throughout.
    """
    bright = grey.max(axis=0) > BLACK
    if not bright.any():
        return None, None
    rows, columns = _picture(bright.mean(axis=1)), _picture(bright.mean(axis=0))
    picture = bright[rows, columns]
    if picture.mean() < FILLED_SHARE:
        return 0.0, 0.0
    return _bars(picture, rows, len(bright)), _bars(picture.T, columns, bright.shape[1])


def _picture(bright_share: NDArray[np.float64]) -> slice:
    """Return the range from the first to the last line that is not dark; all if all are dark."""
    lines = np.flatnonzero(bright_share > BRIGHT_SHARE)
    return slice(int(lines[0]), int(lines[-1]) + 1) if len(lines) else slice(0, len(bright_share))


def _bars(picture: NDArray[np.bool_], lines: slice, length: int) -> float:
    """Return the share of the lines in bars before and after the picture."""
    filled = picture.mean(axis=1)
    before = lines.start if filled[:EDGE_LINES].max() >= FILLED_SHARE else 0
    after = length - lines.stop if filled[-EDGE_LINES:].max() >= FILLED_SHARE else 0
    return float(before + after) / length
