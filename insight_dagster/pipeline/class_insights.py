"""The use case of the asset `insights`: find the insights of one class among those of all."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

from insight_dagster.analysis.actions import FollowUp, follow_up
from insight_dagster.analysis.insights import Discovery, InsightSet, discover
from insight_dagster.analysis.insights.history.ledger import first_line, next_lines
from insight_dagster.database import Database
from insight_dagster.database.writes import ReplacePartition, Upsert
from insight_dagster.pipeline.clip_table import ClipTableRead
from insight_dagster.pipeline.step_result import StepResult, Timer
from insight_dagster.tables import (
    INSIGHT_ACTIONS,
    INSIGHT_CAUSES,
    INSIGHT_EFFECTS,
    INSIGHT_LEDGER,
    INSIGHT_MEMBERS,
    INSIGHTS,
)
from insight_dagster.tables.clock import timestamp_now
from insight_dagster.tables.follow_up import LedgerLine
from insight_dagster.tables.records import from_row

_LAST_LINES = """
    SELECT * FROM insight_ledger WHERE class_name = ? AND run_id <> ?
    QUALIFY row_number() OVER (PARTITION BY ledger_id ORDER BY sequence DESC) = 1
    ORDER BY ledger_id"""
_MOST_SEVERE = 5


@dataclass(frozen=True)
class ClassInsights:
    """The insights of one class, as they were written.

    Attributes:
        step: rows of `insights`, with facts about the step.
        causes: rows of `insight_causes`.
        core_members: clip ids of the most severe insights, by a caption for each.
    """

    step: StepResult
    causes: pa.Table
    core_members: dict[str, list[str]]


@dataclass
class InsightSearch:
    """The search for insights over all classes, which runs once, for the first class.

    Attributes:
        store: the database.
        read: the clips of all classes that have been embedded, measured and placed.
        model_fingerprint: fingerprint of the current model.
        run_id: id of the Dagster run, stored in the ledger.
        seed: seed of the permutations and mixtures.
        fdr: accepted false discovery rate.
    """

    store: Database
    read: ClipTableRead
    model_fingerprint: str
    run_id: str
    seed: int
    fdr: float

    def write_class(self, class_name: str) -> ClassInsights:
        """Write the insights of a class with members, causes, actions and their ledger entries."""
        timer = Timer()
        found, after = InsightSet(), FollowUp()
        skipped = ["every clip of the class is quarantined"]
        if class_name in self.read.clips.classes:
            found = self._discovery.of_class(
                class_name,
                model_fingerprint=self.model_fingerprint,
                space_id=self.read.space_id,
            )
            skipped = self._discovery.skipped_for(class_name)
            after = follow_up(
                self._discovery.ranked,
                self._discovery.clips,
                class_name=class_name,
                seed=self._discovery.seed,
                causes=self._discovery.causes,
            )
        lines = self._ledger_lines(found, class_name)
        self.store.write(
            ReplacePartition(INSIGHTS, found.insights, class_name),
            ReplacePartition(INSIGHT_MEMBERS, found.members, class_name),
            ReplacePartition(INSIGHT_CAUSES, found.causes, class_name),
            ReplacePartition(INSIGHT_ACTIONS, after.actions, class_name),
            ReplacePartition(INSIGHT_EFFECTS, after.effects, class_name),
            Upsert(INSIGHT_LEDGER, INSIGHT_LEDGER.from_records(lines)),
        )
        statuses = Counter(line.status for line in lines)
        facts = {
            "compared_with_clips": len(self.read.clips),
            **self.read.notes,
            **({"skipped_tests": skipped} if skipped else {}),
            **{f"insights_{status}": count for status, count in statuses.items()},
            **timer.facts(),
        }
        step = StepResult(INSIGHTS, found.insights, facts)
        return ClassInsights(step, found.causes, _captioned(found))

    @cached_property
    def _discovery(self) -> Discovery:
        return discover(self.read.clips, seed=self.seed, fdr=self.fdr)

    def _ledger_lines(self, found: InsightSet, class_name: str) -> list[LedgerLine]:
        """Return the ledger lines of this run; a retry of the run returns the same ones."""
        now = timestamp_now()
        earlier = self.store.read(_LAST_LINES, [class_name, self.run_id]).to_pylist()
        return next_lines(
            [from_row(LedgerLine, row) for row in earlier],
            [first_line(each, run_id=self.run_id, recorded_at=now) for each in found.records],
            run_id=self.run_id,
            recorded_at=now,
        )


def _captioned(found: InsightSet) -> dict[str, list[str]]:
    core = found.core_members()
    return {
        f"{number}. {insight.kind}": core[insight.insight_id]
        for number, insight in enumerate(found.records[:_MOST_SEVERE], 1)
    }
