"""The share of a frame that looks like lines of text; the text is not read."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from insight_dagster.analysis.metadata.fields.measured_frames import MeasuredFrames, measure_each
from insight_dagster.analysis.metadata.fields.measurement import Measurement

STROKE_GREY_LEVELS = 80
LETTER_GAP = 9
SMALLEST_HEIGHT, LARGEST_HEIGHT_SHARE = 4, 0.25
SMALLEST_ASPECT = 2.0
SMALLEST_FILL = 0.5


def text_regions(frames: MeasuredFrames) -> Measurement:
    """Measure the share of text-like regions per frame, and average over the clip."""
    shares = measure_each(frames.grey, text_share)
    return Measurement({"text_share": float(shares.mean())}, {"text_share": shares})


def text_share(grey: NDArray[np.uint8]) -> float:
    """Return the share of the frame in the bounding boxes of text-like regions, 0-1.

    Pixels whose 3 x 3 neighbourhood spans more than 80 grey levels are strokes. At half size,
    strokes up to 9 pixels apart on a line are joined. A joined region is text-like if its box is at
    least twice as wide as high, 4 pixels to a quarter of the frame high, and at least half full.
    Nets, fences and other rows of fine high contrast also count; text of low contrast, large
    letters and steep lines do not.

    Args:
        grey: (h, w) uint8.
    """
    height, width = grey.shape
    span = cv2.morphologyEx(grey, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    strokes = cv2.resize(
        cv2.threshold(span, STROKE_GREY_LEVELS, 255, cv2.THRESH_BINARY)[1],
        ((width + 1) // 2, (height + 1) // 2),
        interpolation=cv2.INTER_AREA,
    )
    lines = cv2.morphologyEx(strokes, cv2.MORPH_CLOSE, np.ones((1, LETTER_GAP), np.uint8))
    regions = cv2.connectedComponentsWithStats(lines, connectivity=4)[2][1:]
    wide, high, full = regions[:, 2], regions[:, 3], regions[:, 4]
    text_like = (
        (high >= SMALLEST_HEIGHT)
        & (high <= LARGEST_HEIGHT_SHARE * lines.shape[0])
        & (wide >= SMALLEST_ASPECT * high)
        & (full >= SMALLEST_FILL * wide * high)
    )
    return float((wide * high)[text_like].sum()) / lines.size
