"""All metadata of one clip, measured in one pass over its frames.

Combining the measurements belongs here; each of them has its own module in `fields`, and rows of
several clips are made in `metadata_table`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from insight_dagster import tables
from insight_dagster.analysis.metadata.fields.appearance import appearance
from insight_dagster.analysis.metadata.fields.artefacts import artefacts
from insight_dagster.analysis.metadata.fields.camera_motion import camera_motion
from insight_dagster.analysis.metadata.fields.flow import estimate_flow
from insight_dagster.analysis.metadata.fields.measured_frames import shrink
from insight_dagster.analysis.metadata.fields.measurement import merge_measurements
from insight_dagster.analysis.metadata.fields.motion import motion
from insight_dagster.analysis.metadata.fields.scene_cuts import scene_cuts
from insight_dagster.analysis.metadata.fields.similarity import similarity
from insight_dagster.analysis.metadata.fields.text_regions import text_regions
from insight_dagster.analysis.metadata.fields.thumbnail import SIGNATURE_LENGTH, signature

METADATA_VERSION = "2"
"""Increase it whenever a number that `measure` returns changes."""
FIELD_NAMES = tuple(column.name for column in tables.METADATA_FIELDS)
SERIES_NAMES = tuple(
    column.name for column in (*tables.METADATA_FRAME_SERIES, *tables.METADATA_PAIR_SERIES)
)


@dataclass(frozen=True)
class ClipMetadata:
    """The metadata of one clip of T frames.

    Attributes:
        values: a finite number for each of `tables.METADATA_FIELDS`; None if it is not defined for
            the clip.
        series: float64 (T,) for each of `tables.METADATA_FRAME_SERIES` and (T - 1,) for each of
            `tables.METADATA_PAIR_SERIES`; NaN where it is not defined.
        timestamps: (T,) float64, seconds since the video's first frame.
        signature: (1536,) uint8, 8 grey thumbnails of 12 x 16 pixels in time order.
    """

    values: dict[str, float | None]
    series: dict[str, NDArray[np.float64]]
    timestamps: NDArray[np.float64]
    signature: NDArray[np.uint8]

    def __post_init__(self) -> None:
        if set(self.values) != set(FIELD_NAMES):
            wrong = sorted(set(self.values) ^ set(FIELD_NAMES))
            raise ValueError(f"measured fields and tables.METADATA_FIELDS differ in {wrong}")
        endless = {k: v for k, v in self.values.items() if v is not None and not np.isfinite(v)}
        if endless:
            raise ValueError(f"measured values must be finite or None, got {endless}")
        lengths = {name: len(array) for name, array in self.series.items()}
        if lengths != _series_lengths(len(self.timestamps)):
            raise ValueError(
                f"series of {len(self.timestamps)} frames have the wrong lengths: {lengths}"
            )
        if self.signature.shape != (SIGNATURE_LENGTH,) or self.signature.dtype != np.uint8:
            raise ValueError(
                f"signature must be uint8 ({SIGNATURE_LENGTH},), got {self.signature.dtype} "
                f"{self.signature.shape}"
            )


def _series_lengths(frames: int) -> dict[str, int]:
    return {
        **{column.name: frames for column in tables.METADATA_FRAME_SERIES},
        **{column.name: frames - 1 for column in tables.METADATA_PAIR_SERIES},
    }


def measure(frames: NDArray[np.uint8], timestamps: NDArray[np.float64]) -> ClipMetadata:
    """Measure all fields of `tables.METADATA_FIELDS` for one clip.

    Frames are first scaled down to a short side of at most 256 px. Measures between frames are None
    if there is only one frame.

    Args:
        frames: (T, H, W, 3) uint8 RGB, in time order.
        timestamps: (T,) float64, increasing, in seconds.

    Raises:
        ValueError: the shape or dtype is wrong, or there are no frames.
    """
    small = shrink(frames, timestamps)
    flow = estimate_flow(small) if small.count > 1 else None
    shots = scene_cuts(small, flow)
    found = merge_measurements(
        (
            similarity(small.grey),
            appearance(small),
            motion(flow),
            camera_motion(flow, timestamps, shots.cuts),
            artefacts(small),
            text_regions(small),
            shots.measurement,
        )
    )
    values = {name: found.values[name] for name in FIELD_NAMES}
    return ClipMetadata(values, found.series, timestamps, signature(small.grey))
