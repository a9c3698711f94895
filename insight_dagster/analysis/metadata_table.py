"""Measured properties of clips: one row a clip, from the same frames that the model sees.

Belongs here: running the measurements of `analysis/metadata/` over clips and laying them out as
`tables.METADATA_TABLE`. Does not: the measurements themselves, or what they mean for an insight.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import cv2
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from insight_dagster import tables
from insight_dagster.analysis.clips import ClipToMeasure
from insight_dagster.analysis.decoding import Decode, decode_window
from insight_dagster.analysis.metadata.appearance import appearance
from insight_dagster.analysis.metadata.frames import shrink
from insight_dagster.analysis.metadata.motion import motion
from insight_dagster.analysis.metadata.signature import SIGNATURE_LENGTH, signature
from insight_dagster.analysis.metadata.similarity import similarity
from insight_dagster.analysis.preprocessing import ClipSpec
from insight_dagster.analysis.quarantine import unreadable
from insight_dagster.errors import DecodeError

METADATA_VERSION = "1"
"""Raise it whenever a number that `measure` returns changes."""
FIELD_NAMES = tuple(column.name for column in tables.METADATA_FIELDS)


@dataclass(frozen=True)
class ClipMetadata:
    """What was measured of one clip.

    Attributes:
        values: a finite number or None (not defined for this clip) for each of
            `tables.METADATA_FIELDS`.
        signature: uint8 (1536,), 8 grey thumbnails of 12 x 16 in time order.
    """

    values: dict[str, float | None]
    signature: NDArray[np.uint8]

    def __post_init__(self) -> None:
        if set(self.values) != set(FIELD_NAMES):
            wrong = sorted(set(self.values) ^ set(FIELD_NAMES))
            raise ValueError(f"measured fields and tables.METADATA_FIELDS differ in {wrong}")
        endless = {k: v for k, v in self.values.items() if v is not None and not np.isfinite(v)}
        if endless:
            raise ValueError(f"measured values must be finite or None, got {endless}")
        if self.signature.shape != (SIGNATURE_LENGTH,) or self.signature.dtype != np.uint8:
            raise ValueError(
                f"signature must be uint8 ({SIGNATURE_LENGTH},), got {self.signature.dtype} "
                f"{self.signature.shape}"
            )


@dataclass(frozen=True)
class MeasuredClips:
    """Rows of `tables.METADATA_TABLE` in the order asked for, and why clips are missing.

    Attributes:
        table: one row for each clip that could be decoded.
        problems: reason by clip_id for every other clip.
    """

    table: pa.Table
    problems: dict[str, str]


def metadata_version(spec: ClipSpec) -> str:
    """Version of the definitions and of the sampling, as stored with every row."""
    return f"{METADATA_VERSION}/{spec.num_frames}x{spec.sampling_rate}@{spec.fps}"


def measure(frames: NDArray[np.uint8]) -> ClipMetadata:
    """Every field of `tables.METADATA_FIELDS` for one clip, in one pass over its frames.

    Frames are first scaled to a short side of 256 px at most. Measures between frames are None
    for a single frame.

    Args:
        frames: uint8 (T, H, W, 3), RGB, in time order.

    Raises:
        ValueError: another shape or dtype, or no frame.
    """
    small = shrink(frames)
    values = {**similarity(small.grey), **appearance(small), **motion(small)}
    return ClipMetadata({name: values[name] for name in FIELD_NAMES}, signature(small.grey))


def measure_clips(
    clips: Sequence[ClipToMeasure],
    *,
    spec: ClipSpec,
    workers: int = 2,
    decode: Decode = decode_window,
    progress: Callable[[int], None] | None = None,
) -> MeasuredClips:
    """Metadata of clips over the window that `spec` samples, in the order given.

    Frames that the sampler repeats because a clip is shorter than the model's window are measured
    once: a repeated frame is not a static scene.

    Args:
        clips: what to decode.
        spec: frames and window length; the same as for the embeddings.
        workers: threads; the rows do not depend on their number.
        decode: reads a clip's frames.
        progress: called with 1 for every clip that is finished.

    Returns:
        Rows and, for clips that could not be decoded, reasons. No clip makes the others fail.
    """
    with _one_thread_each(), ThreadPoolExecutor(workers) as pool:
        outcomes = list(
            _ticked(pool.map(lambda clip: _attempt(clip, spec, decode), clips), progress)
        )
    measured = [
        (clip, each)
        for clip, each in zip(clips, outcomes, strict=True)
        if not isinstance(each, str)
    ]
    problems = {
        c.clip_id: each for c, each in zip(clips, outcomes, strict=True) if isinstance(each, str)
    }
    return MeasuredClips(_rows(measured, metadata_version(spec)), problems)


def _attempt(clip: ClipToMeasure, spec: ClipSpec, decode: Decode) -> ClipMetadata | str:
    try:
        window = decode(
            clip.path,
            start=clip.start,
            seconds=spec.seconds,
            num_frames=spec.num_frames,
            end=clip.end,
            decoder=clip.decoder,
        )
    except DecodeError as problem:
        return str(problem)
    except OSError as problem:
        return unreadable(problem)
    _, distinct = np.unique(window.timestamps, return_index=True)
    return measure(window.frames[distinct])


def _ticked(
    outcomes: Iterable[ClipMetadata | str], progress: Callable[[int], None] | None
) -> Iterator[ClipMetadata | str]:
    for outcome in outcomes:
        if progress is not None:
            progress(1)
        yield outcome


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Keeps OpenCV's own threads out of the way of ours while clips are measured."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


def _rows(measured: Sequence[tuple[ClipToMeasure, ClipMetadata]], version: str) -> pa.Table:
    names = tables.METADATA_TABLE.column_names
    columns = {
        "clip_id": pa.array([clip.clip_id for clip, _ in measured], pa.string()),
        "class_name": pa.array([clip.class_name for clip, _ in measured], pa.string()),
        "content_key": pa.array([clip.content_key for clip, _ in measured], pa.string()),
        "metadata_version": pa.array([version] * len(measured), pa.string()),
        "signature": pa.array([each.signature for _, each in measured], pa.list_(pa.uint8())),
        **{
            name: pa.array([each.values[name] for _, each in measured], pa.float64())
            for name in FIELD_NAMES
        },
    }
    return pa.table({name: columns[name] for name in names})
