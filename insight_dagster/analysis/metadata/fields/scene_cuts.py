"""The cuts between the shots of a clip, and the share of the clip in which nothing moves.

Changes of a whole frame to the next belong here; motion within a shot (`motion`, `camera_motion`)
does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from insight_dagster.analysis.metadata.fields.flow import Flow
from insight_dagster.analysis.metadata.fields.measured_frames import MeasuredFrames, halved
from insight_dagster.analysis.metadata.fields.measurement import Measurement, no_pairs

QUARTER = 4
CUT_STRENGTH = 0.5
CUT_OVER_MEDIAN = 2.0
# Frames that differ by less belong to one shot, even if the flow matches none of their pixels.
LEAST_DIFFERENCE = 16.0
MOVING_GREY_LEVELS = 8
STATIC_SHARE = 0.001
_FIELDS = ("scene_cuts", "cut_strength", "cut_time", "static_share")
_SERIES = ("cut_strength", "moving_share")


@dataclass(frozen=True)
class SceneCuts:
    """The cuts of a clip of T frames.

    Attributes:
        measurement: fields of the metadata table.
        cuts: (T - 1,) bool, whether the frames of a pair belong to two shots.
    """

    measurement: Measurement
    cuts: NDArray[np.bool_]


def scene_cuts(frames: MeasuredFrames, flow: Flow | None) -> SceneCuts:
    """Find the cuts between shots, and measure the share of pairs in which nothing moves.

    The time of the strongest cut is None without a cut, and everything for a single frame.

    Args:
        frames: frames of the clip.
        flow: their optical flow; None for a single frame.
    """
    if flow is None:
        return SceneCuts(no_pairs(_FIELDS, _SERIES), np.zeros(0, bool))
    half = halved(frames.grey)
    strength, moving = cut_strength(halved(half), flow, frames.diagonal), moving_share(half)
    cuts = find_cuts(strength)
    strongest = int(np.where(cuts, strength, -1).argmax())
    since_first = frames.timestamps[1:] - frames.timestamps[0]
    values: dict[str, float | None] = {
        "scene_cuts": float(cuts.sum()),
        "cut_strength": float(strength.max()),
        "cut_time": float(since_first[strongest]) if cuts.any() else None,
        "static_share": float((moving < STATIC_SHARE).mean()),
    }
    series = {"cut_strength": strength, "moving_share": moving}
    return SceneCuts(Measurement(values, series), cuts)


def cut_strength(quarter: NDArray[np.uint8], flow: Flow, diagonal: float) -> NDArray[np.float64]:
    """Return how little of each frame the flow finds in the next one, 0-1.

    The mean absolute difference between a frame and the next one moved back along the flow, divided
    by that between random pixels of the two (at least 16 grey levels). It is about 0 within a shot,
    whatever moves, and close to 1 across a cut.

    Args:
        quarter: (T, h, w) uint8, frames at a quarter of their size.
        flow: optical flow of the frames.
        diagonal: diagonal of the frames at full size, in pixels.

    Returns:
        (T - 1,) float64.
    """
    height, width = quarter.shape[1:]
    grid = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1).astype(np.float32)
    vectors = flow.vectors[:, ::2, ::2] * np.float32(diagonal / QUARTER)
    left = [
        cv2.mean(cv2.absdiff(quarter[i], _moved_back(quarter[i + 1], grid + vectors[i])))[0]
        for i in range(len(vectors))
    ]
    return np.clip(np.array(left) / np.maximum(random_difference(quarter), LEAST_DIFFERENCE), 0, 1)


def _moved_back(after: NDArray[np.uint8], places: NDArray[np.float32]) -> NDArray[np.uint8]:
    both_in_places: Any = None
    moved = cv2.remap(
        after, places, both_in_places, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(moved, np.uint8)


def random_difference(grey: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the mean absolute difference of random pixels of each frame and the next, (T - 1,)."""
    counts = np.stack([np.bincount(frame.ravel(), minlength=256) for frame in grey])
    below = np.cumsum(counts, axis=1) / grey[0].size
    one, two = below[:-1], below[1:]
    return (one * (1 - two) + two * (1 - one)).sum(axis=1)


def find_cuts(strength: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which pairs of frames belong to two shots, (P,) bool.

    The strength of a cut is at least 0.5, and at least twice the median of the clip's other pairs:
    if the flow matches no frame to the next (flicker, spray), no pair is a cut.

    Args:
        strength: (P,) strength of each pair, 0-1.
    """
    others = np.array(
        [
            np.median(np.delete(strength, i)) if len(strength) > 1 else 0
            for i in range(len(strength))
        ]
    )
    return (strength >= CUT_STRENGTH) & (strength >= CUT_OVER_MEDIAN * others)


def moving_share(half: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the share of pixels that change by more than 8 grey levels to the next frame.

    Changes are averaged over 3 x 3 pixels, so that noise does not count. Camera motion does.

    Args:
        half: (T, h, w) uint8, frames at half their size.

    Returns:
        (T - 1,) float64, 0-1.
    """
    changes = [
        cv2.blur(cv2.absdiff(half[i], half[i + 1]), (3, 3)) > MOVING_GREY_LEVELS
        for i in range(len(half) - 1)
    ]
    return np.array([np.count_nonzero(each) for each in changes]) / half[0].size
