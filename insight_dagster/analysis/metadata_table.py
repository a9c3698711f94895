"""Measured properties of clips: one row a clip, from the same frames that the model sees.

Belongs here: running the measurements of `analysis/metadata/` over clips and laying them out as
`tables.METADATA_TABLE` and `tables.METADATA_FRAMES`. Does not: the measurements themselves, or
what they mean for an insight.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import cv2
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from insight_dagster import tables
from insight_dagster.analysis.clips import ClipToMeasure
from insight_dagster.analysis.decoding import Decode, decode_window
from insight_dagster.analysis.metadata.appearance import appearance
from insight_dagster.analysis.metadata.artefacts import artefacts
from insight_dagster.analysis.metadata.camera import camera
from insight_dagster.analysis.metadata.flow import estimate_flow
from insight_dagster.analysis.metadata.frames import shrink
from insight_dagster.analysis.metadata.measurement import joined
from insight_dagster.analysis.metadata.motion import motion
from insight_dagster.analysis.metadata.scenes import scenes
from insight_dagster.analysis.metadata.signature import SIGNATURE_LENGTH, signature
from insight_dagster.analysis.metadata.similarity import similarity
from insight_dagster.analysis.metadata.text_regions import text_regions
from insight_dagster.analysis.metadata.user_functions import (
    UserFunction,
    UserValues,
    call_functions,
)
from insight_dagster.analysis.preprocessing import ClipSpec
from insight_dagster.analysis.quarantine import unreadable
from insight_dagster.errors import DecodeError

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


@dataclass(frozen=True)
class MeasuredClips:
    """Rows of the metadata tables in the order asked for, and why clips are missing.

    Attributes:
        table: one row of `tables.METADATA_TABLE` for each clip that could be decoded.
        frames: its row of `tables.METADATA_FRAMES`.
        problems: reason by clip_id for every other clip.
        function_problems: for each of the user's functions that failed, on how many clips, and
            why on the first.
    """

    table: pa.Table
    frames: pa.Table
    problems: dict[str, str]
    function_problems: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Measured:
    clip: ClipToMeasure
    metadata: ClipMetadata
    extra: UserValues


def metadata_version(spec: ClipSpec, functions: Sequence[UserFunction]) -> str:
    """Version of the definitions, of the sampling and of the user's functions, kept in every row.

    A row of another version is measured again: so adding a function, or a new version of its
    package, measures every clip again.
    """
    own = "".join(f"+{each.name}@{each.version}" for each in functions)
    return f"{METADATA_VERSION}/{spec.num_frames}x{spec.sampling_rate}@{spec.fps}{own}"


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


def measure_clips(
    clips: Sequence[ClipToMeasure],
    *,
    spec: ClipSpec,
    functions: Sequence[UserFunction] = (),
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
        functions: the user's own, called for every clip.
        workers: threads; the rows do not depend on their number.
        decode: reads a clip's frames.
        progress: called with 1 for every clip that is finished.

    Returns:
        Rows and, for clips that could not be decoded, reasons. No clip makes the others fail, nor
        does a function of the user.
    """
    with _one_thread_each(), ThreadPoolExecutor(workers) as pool:
        attempts = pool.map(lambda clip: _attempt(clip, spec, functions, decode), clips)
        outcomes = list(_ticked(attempts, progress))
    measured = [each for each in outcomes if isinstance(each, _Measured)]
    version = metadata_version(spec, functions)
    return MeasuredClips(
        table=_rows(measured, version),
        frames=_frame_rows(measured, version),
        problems={
            clip.clip_id: each
            for clip, each in zip(clips, outcomes, strict=True)
            if isinstance(each, str)
        },
        function_problems=_function_problems(measured),
    )


def _attempt(
    clip: ClipToMeasure, spec: ClipSpec, functions: Sequence[UserFunction], decode: Decode
) -> _Measured | str:
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
    timestamps, distinct = np.unique(window.timestamps, return_index=True)
    frames = window.frames[distinct]
    extra = call_functions(functions, frames, timestamps)
    return _Measured(clip, measure(frames, timestamps), extra)


def _function_problems(measured: Sequence[_Measured]) -> dict[str, str]:
    """How often each failing function of the user failed, and why on the first clip."""
    failures: dict[str, list[str]] = {}
    for each in measured:
        for name, problem in each.extra.problems.items():
            failures.setdefault(name, []).append(f"{each.clip.path}: {problem}")
    return {
        name: f"failed on {len(reasons)} of {len(measured)} clips; first on {reasons[0]}"
        for name, reasons in failures.items()
    }


def _ticked(
    outcomes: Iterable[_Measured | str], progress: Callable[[int], None] | None
) -> Iterator[_Measured | str]:
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


def _rows(measured: Sequence[_Measured], version: str) -> pa.Table:
    rows = (
        {
            **_identity(each.clip, version),
            **each.metadata.values,
            "extra": list(each.extra.values.items()),
            "signature": each.metadata.signature,
        }
        for each in measured
    )
    return tables.METADATA_TABLE.from_rows(rows)


def _frame_rows(measured: Sequence[_Measured], version: str) -> pa.Table:
    rows = (
        {
            **_identity(each.clip, version),
            "timestamps": each.metadata.timestamps,
            **{name: _known(array) for name, array in each.metadata.series.items()},
        }
        for each in measured
    )
    return tables.METADATA_FRAMES.from_rows(rows)


def _identity(clip: ClipToMeasure, version: str) -> dict[str, str]:
    names = ("clip_id", "class_name", "content_key")
    return {**{name: getattr(clip, name) for name in names}, "metadata_version": version}


def _known(numbers: NDArray[np.float64]) -> list[float | None]:
    return [None if np.isnan(number) else float(number) for number in numbers]
