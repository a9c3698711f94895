"""Rows of the metadata tables, measured on the same frames that the model receives.

Measuring many clips and laying the results out as `tables.METADATA_TABLE` and
`tables.METADATA_FRAMES` belongs here; measuring one clip (`clip_metadata`) does not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from insight_dagster import tables
from insight_dagster.analysis.clip_library.clip import Clip
from insight_dagster.analysis.decoding import Decode, DecodedWindow, decode_window
from insight_dagster.analysis.metadata.clip_metadata import (
    METADATA_VERSION,
    ClipMetadata,
    measure,
)
from insight_dagster.analysis.metadata.contact_sheets import write_sheet
from insight_dagster.analysis.metadata.user_functions import (
    UserFunction,
    UserValues,
    call_functions,
)
from insight_dagster.analysis.model.clip_inputs import in_threads, load_window
from insight_dagster.analysis.model.preprocessing import ClipSpec
from insight_dagster.errors import Unreadable


@dataclass(frozen=True)
class MeasuredClips:
    """Rows of the metadata tables in the order of the clips, and the reasons for missing rows.

    Attributes:
        table: rows of `tables.METADATA_TABLE`, one per clip that could be decoded.
        frames: rows of `tables.METADATA_FRAMES` of the same clips.
        problems: what is wrong with every other clip, by clip_id.
        function_problems: by name of a user's function that failed, the number of clips that it
            failed on and its error on the first.
    """

    table: pa.Table
    frames: pa.Table
    problems: dict[str, Unreadable]
    function_problems: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Measured:
    metadata: ClipMetadata
    extra: UserValues


def metadata_version(spec: ClipSpec, functions: Sequence[UserFunction]) -> str:
    """Return the version of the definitions, the frame sampling and the user's functions.

    Rows of another version are measured again. Adding a function, or a new version of its package,
    therefore measures all clips again.
    """
    own = "".join(f"+{each.name}@{each.version}" for each in functions)
    return f"{METADATA_VERSION}/{spec.num_frames}x{spec.sampling_rate}@{spec.fps}{own}"


class ClipMeasuring:
    """Measures the metadata of clips from frames that are decoded for the model.

    Copies of a content are measured once. Frames that repeat because a clip is shorter than the
    model's window are measured once: a repeated frame does not make a scene static.

    Args:
        clips: clips to measure.
        spec: clip geometry of the model.
        functions: the user's functions.
        sheets: folder for contact sheets; None to draw none.
    """

    def __init__(
        self,
        clips: Sequence[Clip],
        spec: ClipSpec,
        functions: Sequence[UserFunction] = (),
        sheets: Path | None = None,
    ) -> None:
        self._clips, self._spec, self._functions = clips, spec, functions
        self._sheets = sheets
        self._wanted = {clip.content_key for clip in clips}
        self._measured: dict[str, _Measured | Unreadable | Exception] = {}

    def add(self, clip: Clip, window: DecodedWindow | Unreadable) -> None:
        """Measure a decoded clip, unless it is not one of the clips to measure.

        Several threads may call it at once. What fails is raised by `finish`.
        """
        if clip.content_key not in self._wanted:
            return
        try:
            measured = self._measure(window)
            if self._sheets and not isinstance(window, Unreadable):
                write_sheet(self._sheets, clip.content_key, window.frames, self._spec)
            self._measured[clip.content_key] = measured
        except Exception as problem:  # must not stop the model from using the frames
            self._measured[clip.content_key] = problem

    def finish(
        self,
        *,
        workers: int = 2,
        decode: Decode = decode_window,
        progress: Callable[[int], None] | None = None,
    ) -> MeasuredClips:
        """Decode and measure the clips that were not added, and return the rows of all clips.

        Clips that cannot be decoded and the user's functions that fail are reported in the result.

        Args:
            workers: number of threads; the rows do not depend on it.
            decode: decodes the frames of a clip.
            progress: called with 1 for each finished clip.

        Raises:
            Exception: the error that measuring a clip failed with.
        """
        firsts = {clip.content_key: clip for clip in reversed(self._clips)}
        remaining = [clip for key, clip in firsts.items() if key not in self._measured][::-1]
        results = in_threads(
            lambda clip: self.add(clip, load_window(clip, self._spec, decode)),
            remaining,
            workers=workers,
        )
        with closing(results):
            for clip in self._clips:
                while clip.content_key not in self._measured:
                    next(results)
                if progress is not None:
                    progress(1)
        return self._rows()

    def _measure(self, window: DecodedWindow | Unreadable) -> _Measured | Unreadable:
        if isinstance(window, Unreadable):
            return window
        timestamps, distinct = np.unique(window.timestamps, return_index=True)
        frames = window.frames[distinct]
        extra = call_functions(self._functions, frames, timestamps)
        return _Measured(measure(frames, timestamps), extra)

    def _rows(self) -> MeasuredClips:
        measured: list[tuple[Clip, _Measured]] = []
        problems = {}
        for clip in self._clips:
            result = self._measured[clip.content_key]
            if isinstance(result, Exception):
                raise result
            if isinstance(result, Unreadable):
                problems[clip.clip_id] = result
            else:
                measured.append((clip, result))
        version = metadata_version(self._spec, self._functions)
        return MeasuredClips(
            table=_rows(measured, version),
            frames=_frame_rows(measured, version),
            problems=problems,
            function_problems=_function_problems(measured),
        )


def measure_clips(
    clips: Sequence[Clip],
    *,
    spec: ClipSpec,
    functions: Sequence[UserFunction] = (),
    workers: int = 2,
    decode: Decode = decode_window,
    progress: Callable[[int], None] | None = None,
) -> MeasuredClips:
    """Decode clips and measure their metadata.

    Args:
        clips: clips to measure.
        spec: clip geometry of the model.
        functions: the user's functions.
        workers: number of threads; the rows do not depend on it.
        decode: decodes the frames of a clip.
        progress: called with 1 for each finished clip.

    Raises:
        Exception: the error that measuring a clip failed with.
    """
    measuring = ClipMeasuring(clips, spec, functions)
    return measuring.finish(workers=workers, decode=decode, progress=progress)


def _function_problems(measured: Sequence[tuple[Clip, _Measured]]) -> dict[str, str]:
    """Count the failures of each of the user's functions, with the error on the first clip."""
    failures: dict[str, list[str]] = {}
    for clip, each in measured:
        for name, problem in each.extra.problems.items():
            failures.setdefault(name, []).append(f"{clip.path}: {problem}")
    return {
        name: f"failed on {len(reasons)} of {len(measured)} clips; first on {reasons[0]}"
        for name, reasons in failures.items()
    }


def _rows(measured: Sequence[tuple[Clip, _Measured]], version: str) -> pa.Table:
    rows = (
        {
            **_identity(clip, version),
            **each.metadata.values,
            "extra": list(each.extra.values.items()),
            "signature": each.metadata.signature,
        }
        for clip, each in measured
    )
    return tables.METADATA_TABLE.from_rows(rows)


def _frame_rows(measured: Sequence[tuple[Clip, _Measured]], version: str) -> pa.Table:
    rows = (
        {
            **_identity(clip, version),
            "timestamps": each.metadata.timestamps,
            **{name: _known(array) for name, array in each.metadata.series.items()},
        }
        for clip, each in measured
    )
    return tables.METADATA_FRAMES.from_rows(rows)


def _identity(clip: Clip, version: str) -> dict[str, str]:
    names = ("clip_id", "class_name", "content_key")
    return {**{name: getattr(clip, name) for name in names}, "metadata_version": version}


def _known(numbers: NDArray[np.float64]) -> list[float | None]:
    return [None if np.isnan(number) else float(number) for number in numbers]
