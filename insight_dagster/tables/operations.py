"""Tables of the pipeline's own state: check results, failures, verdicts, pins, the last write."""

from __future__ import annotations

from insight_dagster.tables.columns import Column, Table, real, text, whole
from insight_dagster.tables.identity import CLASS, INSIGHT_ID, SEQUENCE
from insight_dagster.tables.status import Severity

ALL_CLASSES = ""
"""Stands for the class name where something belongs to all classes together."""
_ASSET = text("asset", "asset that was materialized or checked")
_CLASS_OR_ALL = text("class_name", f"action class ({ALL_CLASSES!r} = all classes together)")
_RUN = text("run_id", "id of the Dagster run")

CHECK_RESULTS = Table(
    "check_results",
    "The last result of every asset check.",
    ("asset", "check_name", "class_name"),
    (
        _ASSET,
        text("check_name", "name of the check"),
        _CLASS_OR_ALL,
        Column("passed", "BOOLEAN", "whether it passed"),
        text("severity", f"{Severity.listed()}: what a failure means"),
        text("description", "the result in words, and what to do"),
        text("facts", "numbers behind the result, as JSON"),
        _RUN,
        Column("evaluated_at", "TIMESTAMP", "time of the evaluation (UTC)"),
    ),
    irreplaceable=True,
)

STEP_FAILURES = Table(
    "step_failures",
    "Classes for which the last materialization of an asset failed; a success removes the row.",
    ("asset", "class_name"),
    (
        _ASSET,
        _CLASS_OR_ALL,
        text("reason", "what went wrong"),
        _RUN,
        SEQUENCE,
        Column("failed_at", "TIMESTAMP", "time of the failure (UTC)"),
    ),
)

VERDICTS = Table(
    "verdicts",
    "Whether the classes passed all checks when they were last analysed.",
    ("class_name",),
    (
        CLASS,
        Column("cleared", "BOOLEAN", f"true: no check failed with severity {Severity.ERROR}"),
        Column("errors", "VARCHAR[]", f"checks that failed with severity {Severity.ERROR}"),
        Column("warnings", "VARCHAR[]", f"checks that failed with severity {Severity.WARN}"),
        Column("decided_at", "TIMESTAMP", "time of the verdict (UTC)"),
    ),
)

PINNED_INSIGHTS = Table(
    "pinned_insights",
    "Insights that are watched: a check fails when one gets worse than it was when pinned.",
    ("insight_id",),
    (
        INSIGHT_ID,
        CLASS,
        text("kind", "kind of the insight"),
        text("population", "population that it was found in"),
        text("other_class", "the second class of a confusion", nullable=True),
        whole("size", "clips in the group when pinned"),
        real("severity", "severity when pinned", "0-1"),
        Column("clip_ids", "VARCHAR[]", "clips of the group when pinned"),
        text("sentence", "the insight in words when pinned"),
        text("note", "why it is watched"),
        text("author", "who pinned it"),
        SEQUENCE,
        Column("pinned_at", "TIMESTAMP", "time of the pinning (UTC)"),
    ),
    irreplaceable=True,
)

LAST_WRITE = Table(
    "last_write",
    "One row: the number and the time of the last write that was numbered.",
    ("sequence",),
    (
        SEQUENCE,
        Column("written_at", "TIMESTAMP", "what the clock said then (UTC)"),
        Column("latest_at", "TIMESTAMP", "the latest that it ever said (UTC)"),
    ),
    partition_column="sequence",
    irreplaceable=True,
)
