"""Measured properties of clips: one row a clip, from the same frames that the model sees.

Belongs here: running the measurements of `analysis/metadata/` over clips and laying them out as
`tables.METADATA_TABLE` and `tables.METADATA_FRAMES`. Does not: the measurements themselves, or
what they mean for an insight.
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
    metadata: ClipMetadata
    extra: UserValues


def metadata_version(spec: ClipSpec, functions: Sequence[UserFunction]) -> str:
    """Version of the definitions, of the sampling and of the user's functions, kept in every row.

    A row of another version is measured again: so adding a function, or a new version of its
    package, measures every clip again.
    """
    own = "".join(f"+{each.name}@{each.version}" for each in functions)
    return f"{METADATA_VERSION}/{spec.num_frames}x{spec.sampling_rate}@{spec.fps}{own}"


class ClipMeasuring:
    """Metadata of clips over the window that a model samples, from frames that others decoded.

    Every content is measured once. Frames that the sampler repeats because a clip is shorter than
    the model's window are measured once: a repeated frame is not a static scene.

    Args:
        clips: whose rows are wanted.
        spec: frames and window length; the same as for the embeddings.
        functions: the user's own, called for every content.
        sheets: folder that a contact sheet of every content is written to; None: none is.
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
        self._found: dict[str, _Measured | Unreadable | Exception] = {}

    def see(self, clip: Clip, window: DecodedWindow | Unreadable) -> None:
        """Measure what was decoded of a clip, if it is wanted; several threads may call it."""
        if clip.content_key not in self._wanted:
            return
        try:
            found = self._measure(window)
            if self._sheets and not isinstance(window, Unreadable):
                write_sheet(self._sheets, clip.content_key, window.frames, self._spec)
            self._found[clip.content_key] = found
        except Exception as problem:  # it must not cost the other use of the frames; see `finish`
            self._found[clip.content_key] = problem

    def finish(
        self,
        *,
        workers: int = 2,
        decode: Decode = decode_window,
        progress: Callable[[int], None] | None = None,
    ) -> MeasuredClips:
        """The rows, in the order of the clips, after reading what nobody decoded so far.

        Args:
            workers: threads; the rows do not depend on their number.
            decode: reads a clip's frames.
            progress: called with 1 for every clip that is finished.

        Returns:
            Rows and, for clips that could not be decoded, reasons. No clip makes the others fail,
            nor does a function of the user.

        Raises:
            Exception: what measuring a clip failed with.
        """
        firsts = {clip.content_key: clip for clip in reversed(self._clips)}
        unseen = [clip for key, clip in firsts.items() if key not in self._found][::-1]
        results = in_threads(
            lambda clip: self.see(clip, load_window(clip, self._spec, decode)),
            unseen,
            workers=workers,
        )
        with closing(results):
            for clip in self._clips:
                while clip.content_key not in self._found:
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
            found = self._found[clip.content_key]
            if isinstance(found, Exception):
                raise found
            if isinstance(found, Unreadable):
                problems[clip.clip_id] = found.reason
            else:
                measured.append((clip, found))
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
    """Metadata of clips that nobody else decodes; otherwise as `ClipMeasuring`."""
    measuring = ClipMeasuring(clips, spec, functions)
    return measuring.finish(workers=workers, decode=decode, progress=progress)


def _function_problems(measured: Sequence[tuple[Clip, _Measured]]) -> dict[str, str]:
    """How often each failing function of the user failed, and why on the first clip."""
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
