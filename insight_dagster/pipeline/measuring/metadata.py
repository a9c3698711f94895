"""Metadata and contact sheets of one class, measured and written in shards.

Which clips need measuring and what is written belongs here; what is measured is in
`insight_dagster.analysis.metadata`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from insight_dagster.analysis.clip_library.clip import Clip
from insight_dagster.analysis.clip_library.pending_clips import count_removed, plan_work
from insight_dagster.analysis.metadata.metadata_table import (
    ClipMeasuring,
    MeasuredClips,
    metadata_version,
)
from insight_dagster.analysis.metadata.user_functions import installed_functions
from insight_dagster.analysis.model.preprocessing import ClipSpec
from insight_dagster.database.writes import MergeRows, QuarantineClips
from insight_dagster.files.home_folders import sheet_path
from insight_dagster.pipeline.class_clips import ClassClips
from insight_dagster.pipeline.measuring.pass_facts import count_problems
from insight_dagster.pipeline.step_result import Facts, StepResult, Timer
from insight_dagster.tables import METADATA_FRAMES, METADATA_TABLE


class MetadataPass:
    """The measuring of one class; every shard is committed when it is done.

    Attributes:
        pending: clips without stored metadata of this version, or without a contact sheet.
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
        drawn = [sheet_path(sheets, key).is_file() for key in stored["content_key"].to_pylist()]
        self._plan = plan_work(work.clips, stored.filter(pa.array(drawn, pa.bool_())))
        self._stored_frames = plan_work(self._plan.covered, stored_frames).reused
        self.pending = self._plan.pending
        self._advance = work.follow(METADATA_TABLE.name, len(self.pending))
        self._done: list[MeasuredClips] = []

    def begin(self, shard: Sequence[Clip]) -> ClipMeasuring:
        """Return the measuring of a shard's pending clips, to which decoded frames can be added."""
        pending = set(self.pending)
        clips = [clip for clip in shard if clip in pending]
        return ClipMeasuring(clips, self._spec, self._functions, self._sheets)

    def finish(self, measuring: ClipMeasuring) -> None:
        """Decode and measure the clips of a shard that were not added, and write its rows."""
        work = self._work
        fresh = measuring.finish(workers=work.workers, decode=work.decode, progress=self._advance)
        for name, problem in fresh.function_problems.items():
            work.warn(f"metadata function {name} {problem}")
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

    def result(self) -> StepResult:
        """Return the rows that were written, with facts about the pass."""
        rows = pa.concat_tables(each.table for each in self._done)
        computed = rows.num_rows - self._plan.reused.num_rows
        facts = {
            "computed": computed,
            "reused": self._plan.reused.num_rows,
            "removed": count_removed(self._before, rows),
            **count_problems(each.problems for each in self._done),
            **self._failed_functions(),
            **self._timer.facts(computed),
        }
        return StepResult(METADATA_TABLE, rows, facts)

    def _failed_functions(self) -> Facts:
        problems: dict[str, list[str]] = {}
        for each in self._done:
            for name, problem in each.function_problems.items():
                problems.setdefault(f"function {name}", []).append(problem)
        return {name: "; ".join(texts) for name, texts in problems.items()}
