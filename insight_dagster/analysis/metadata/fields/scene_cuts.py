"""Where one shot ends and the next begins, and how much of the clip stands still.

Belongs here: what happens from one frame to the next as a whole. Does not: motion inside a shot
(`motion.py`, `camera.py`).
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
# Frames that differ by less as a whole are no two shots, however little they have in common.
LEAST_DIFFERENCE = 16.0
MOVING_GREY_LEVELS = 8
STATIC_SHARE = 0.001
_FIELDS = ("scene_cuts", "cut_strength", "cut_time", "static_share")
_SERIES = ("cut_strength", "moving_share")


@dataclass(frozen=True)
class Scenes:
    """The shots of a clip of T frames.

    Attributes:
        measurement: fields of the metadata table.
        cuts: bool (T - 1,), whether the frames of a pair belong to two shots.
    """

    measurement: Measurement
    cuts: NDArray[np.bool_]


def scenes(frames: MeasuredFrames, flow: Flow | None) -> Scenes:
    """Cuts between shots and the share of pairs in which nothing moves; None for a single frame.

    The time of the strongest cut is None where there is no cut.
    """
    if flow is None:
        return Scenes(no_pairs(_FIELDS, _SERIES), np.zeros(0, bool))
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
    return Scenes(Measurement(values, series), cuts)


def cut_strength(quarter: NDArray[np.uint8], flow: Flow, diagonal: float) -> NDArray[np.float64]:
    """How little of a frame the flow finds again in the next, 0-1, (T - 1,).

    Mean absolute difference between a frame and the next one moved back along the flow, over that
    between pixels taken from the two at random (16 grey levels at least): about 0 in a shot
    however it moves, most of 1 across a cut.

    Args:
        quarter: uint8 (T, h, w), frames at a quarter of their size.
        flow: of the frames.
        diagonal: of the frames at full size, in pixels.
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
    """Mean |a - b| of random pixels of each frame and the next, grey levels, (T - 1,)."""
    counts = np.stack([np.bincount(frame.ravel(), minlength=256) for frame in grey])
    below = np.cumsum(counts, axis=1) / grey[0].size
    one, two = below[:-1], below[1:]
    return (one * (1 - two) + two * (1 - one)).sum(axis=1)


def find_cuts(strength: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Pairs that belong to two shots, (P,).

    Their strength is .5 at least, and twice the median of the clip's other pairs: where the flow
    finds nothing again from any frame to the next (flicker, spray), no pair is a cut.
    """
    others = np.array(
        [
            np.median(np.delete(strength, i)) if len(strength) > 1 else 0
            for i in range(len(strength))
        ]
    )
    return (strength >= CUT_STRENGTH) & (strength >= CUT_OVER_MEDIAN * others)


def moving_share(half: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Share of pixels that change by more than 8 grey levels to the next frame, 0-1, (T - 1,).

    At half size and averaged over 3 x 3 pixels, so that noise does not count; camera motion does.

    Args:
        half: uint8 (T, h, w).
    """
    changes = [
        cv2.blur(cv2.absdiff(half[i], half[i + 1]), (3, 3)) > MOVING_GREY_LEVELS
        for i in range(len(half) - 1)
    ]
    return np.array([np.count_nonzero(each) for each in changes]) / half[0].size
