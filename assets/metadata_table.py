"""Measured properties of a clip: motion, similarity, sharpness, colour, foreground ratio."""

from collections.abc import Sequence
from pathlib import Path

import dagster as dg
import pyarrow as pa

from insight_dagster.analysis.clip_library.clips import Clip
from insight_dagster.analysis.clip_library.incremental import plan_work, removed
from insight_dagster.analysis.metadata.contact_sheets import sheet_path
from insight_dagster.analysis.metadata.metadata_table import (
    ClipMeasuring,
    MeasuredClips,
    metadata_version,
)
from insight_dagster.analysis.metadata.user_functions import installed_functions
from insight_dagster.analysis.model.preprocessing import ClipSpec
from insight_dagster.assets.clip_manifest import clip_manifest
from insight_dagster.assets.steps.per_class import Metadata
from insight_dagster.assets.steps.ui_metadata import Timer, table_metadata
from insight_dagster.database.writes import MergeRows, QuarantineClips
from insight_dagster.pipeline.measuring.class_clips import ClassClips
from insight_dagster.tables import METADATA_FRAMES, METADATA_TABLE

metadata_table = dg.AssetSpec(
    "metadata_table",
    deps=[clip_manifest],
    description="Metadata of a class's clips, from the same frames that the model sees, and a film "
    "sheet of these frames for people.",
    group_name="clips",
    kinds={"opencv", "duckdb"},
    owners=["team:video-models"],
)


class Describing:
    """A class's metadata and contact sheets; every shard of it is committed when it is done.

    Attributes:
        pending: clips to measure.
    """

    def __init__(self, work: ClassClips, spec: ClipSpec, sheets: Path) -> None:
        self._work, self._spec, self._sheets, self._timer = work, spec, sheets, Timer()
        self._functions = installed_functions()
        version = metadata_version(spec, self._functions)
        self._before = work.store.rows(METADATA_TABLE, work.name)
        stored, stored_frames = (
            work.store.covering(table, work.name, column="metadata_version", version=version)
            for table in (METADATA_TABLE, METADATA_FRAMES)
        )
        shown = [sheet_path(sheets, key).is_file() for key in stored["content_key"].to_pylist()]
        stored = stored.filter(pa.array(shown, pa.bool_()))
        self._plan = plan_work(work.clips, stored)
        self._stored_frames = plan_work(self._plan.covered, stored_frames).reused
        self.pending = self._plan.pending
        self._advance = work.follow(metadata_table, len(self.pending))
        self._done: list[MeasuredClips] = []

    def begin(self, shard: Sequence[Clip]) -> ClipMeasuring:
        """Get ready for what is pending of a shard of the class's clips."""
        wanted = set(self.pending)
        clips = [clip for clip in shard if clip in wanted]
        return ClipMeasuring(clips, self._spec, self._functions, self._sheets)

    def take(self, measuring: ClipMeasuring) -> None:
        """Measure what nobody has shown so far, and write the shard."""
        work = self._work
        fresh = measuring.finish(
            workers=work.options.workers, decode=work.decode, progress=self._advance
        )
        for name, problem in fresh.function_problems.items():
            work.context.log.warning(f"metadata function {name} {problem}")
        rows, frames = fresh.table, fresh.frames
        if not self._done:
            rows = pa.concat_tables([self._plan.reused.cast(rows.schema), rows])
            frames = pa.concat_tables([self._stored_frames.cast(frames.schema), frames])
        work.store.write(
            QuarantineClips(fresh.problems),
            MergeRows(METADATA_TABLE, rows, work.name),
            MergeRows(METADATA_FRAMES, frames, work.name),
        )
        self._done.append(MeasuredClips(rows, frames, fresh.problems, fresh.function_problems))

    def finish(self) -> Metadata:
        """What to show of the class."""
        rows = pa.concat_tables(each.table for each in self._done)
        computed = rows.num_rows - self._plan.reused.num_rows
        return {
            "computed": computed,
            "reused": self._plan.reused.num_rows,
            "removed": removed(self._before, rows),
            "quarantined": sum(len(each.problems) for each in self._done),
            **self._failed_functions(),
            **self._timer.facts(computed),
            **table_metadata(METADATA_TABLE, rows),
        }

    def _failed_functions(self) -> Metadata:
        told: dict[str, list[str]] = {}
        for each in self._done:
            for name, problem in each.function_problems.items():
                told.setdefault(f"function {name}", []).append(problem)
        return {name: "; ".join(problems) for name, problems in told.items()}
