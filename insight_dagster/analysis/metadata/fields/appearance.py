"""The look of single frames: sharpness, total variation, edges, colour and contrast.

Measures of one frame, averaged over the clip, belong here; comparisons between frames
(`similarity`, `motion`) and traces of recording and encoding (`artefacts`) do not.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from insight_dagster.analysis.metadata.fields.measured_frames import MeasuredFrames, measure_each
from insight_dagster.analysis.metadata.fields.measurement import Measurement

CANNY_LOW, CANNY_HIGH = 100, 200


def appearance(frames: MeasuredFrames) -> Measurement:
    """Measure each frame and average over the clip; units are in `tables.METADATA_FIELDS`."""
    red, green, blue = np.array([cv2.mean(frame)[:3] for frame in frames.colour]).T
    spread = np.array([cv2.meanStdDev(frame) for frame in frames.grey]).reshape(frames.count, 2)
    series = {
        "sharpness": measure_each(frames.grey, laplacian_variance),
        "total_variation": measure_each(frames.grey, total_variation),
        "edge_density": measure_each(frames.grey, edge_share),
        "mean_red": red,
        "mean_green": green,
        "mean_blue": blue,
        "brightness": spread[:, 0],
        "contrast": spread[:, 1],
        "saturation": measure_each(frames.colour, saturation),
    }
    return Measurement({name: float(each.mean()) for name, each in series.items()}, series)


def laplacian_variance(grey: NDArray[np.uint8]) -> float:
    """Return the variance of the 4-neighbour Laplacian, in grey levels squared.

    Source: Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy", ICPR 2000.
    """
    _, deviation = cv2.meanStdDev(cv2.Laplacian(grey, cv2.CV_16S, ksize=1))
    return float(deviation.item()) ** 2


def total_variation(grey: NDArray[np.uint8]) -> float:
    """Return the sum of absolute differences to the right and lower neighbours, per pixel."""
    across = cv2.norm(grey[:, 1:], grey[:, :-1], cv2.NORM_L1)
    down = cv2.norm(grey[1:], grey[:-1], cv2.NORM_L1)
    return (across + down) / grey.size


def edge_share(grey: NDArray[np.uint8]) -> float:
    """Return the share of pixels on a Canny edge with thresholds 100 and 200, 0-1."""
    return cv2.countNonZero(cv2.Canny(grey, CANNY_LOW, CANNY_HIGH)) / grey.size


def saturation(colour: NDArray[np.uint8]) -> float:
    """Return the mean HSV saturation, 0-1."""
    return cv2.mean(cv2.cvtColor(colour, cv2.COLOR_RGB2HSV))[1] / 255
