"""Everything that is measured of one clip, in one pass over its frames.

Putting the measurements together belongs here; each of them has a module of its own beside this
one, and rows of clips are `metadata_table.py`'s.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from insight_dagster import tables
from insight_dagster.analysis.metadata.fields.appearance import appearance
from insight_dagster.analysis.metadata.fields.artefacts import artefacts
from insight_dagster.analysis.metadata.fields.camera_motion import camera
from insight_dagster.analysis.metadata.fields.flow import estimate_flow
from insight_dagster.analysis.metadata.fields.measured_frames import shrink
from insight_dagster.analysis.metadata.fields.measurement import joined
from insight_dagster.analysis.metadata.fields.motion import motion
from insight_dagster.analysis.metadata.fields.scene_cuts import scenes
from insight_dagster.analysis.metadata.fields.similarity import similarity
from insight_dagster.analysis.metadata.fields.text_regions import text_regions
from insight_dagster.analysis.metadata.fields.thumbnail import SIGNATURE_LENGTH, signature

METADATA_VERSION = "2"
"""Raise it whenever a number that `measure` returns changes."""
FIELD_NAMES = tuple(column.name for column in tables.METADATA_FIELDS)
SERIES_NAMES = tuple(
    column.name for column in (*tables.METADATA_FRAME_SERIES, *tables.METADATA_PAIR_SERIES)
)


@dataclass(frozen=True)
class ClipMetadata:
    """What was measured of one clip.

    Attributes:
        values: a finite number or None (not defined for this clip) for each of
            `tables.METADATA_FIELDS`.
        series: float64 (T,) for each of `tables.METADATA_FRAME_SERIES` and (T - 1,) for each of
            `tables.METADATA_PAIR_SERIES`; NaN where not defined.
        timestamps: float64 (T,), seconds.
        signature: uint8 (1536,), 8 grey thumbnails of 12 x 16 in time order.
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
            raise ValueError(f"series of {len(self.timestamps)} frames are as long as {lengths}")
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
    """Every field of `tables.METADATA_FIELDS` for one clip, in one pass over its frames.

    Frames are first scaled to a short side of 256 px at most. Measures between frames are None
    for a single frame.

    Args:
        frames: uint8 (T, H, W, 3), RGB, in time order.
        timestamps: float64 (T,), rising, in seconds.

    Raises:
        ValueError: another shape or dtype, or no frame.
    """
    small = shrink(frames, timestamps)
    flow = estimate_flow(small) if small.count > 1 else None
    shots = scenes(small, flow)
    found = joined(
        (
            similarity(small.grey),
            appearance(small),
            motion(flow),
            camera(flow, timestamps, shots.cuts),
            artefacts(small),
            text_regions(small),
            shots.measurement,
        )
    )
    values = {name: found.values[name] for name in FIELD_NAMES}
    return ClipMetadata(values, found.series, timestamps, signature(small.grey))
