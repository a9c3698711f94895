"""Tables of what follows from insights: what to do, what it would bring, what became of them."""

from __future__ import annotations

from insight_dagster.tables.columns import Column, Table, real, text, whole
from insight_dagster.tables.identity import CLASS, INSIGHT_ID, MODEL, SPACE
from insight_dagster.tables.status import LedgerStatus, Verb

INSIGHT_ACTIONS = Table(
    "insight_actions",
    "What to do with which clip because of an insight.",
    ("insight_id", "clip_id"),
    (
        INSIGHT_ID,
        CLASS,
        whole("rank", "order within the insight, 1 first"),
        text("clip_id", "a clip"),
        text("verb", Verb.listed()),
        text("suggested_class", "label to give", nullable=True),
        text(
            "partner_clip_id",
            "the clip that stays in its place or to hold it against",
            nullable=True,
        ),
        real("confidence", "how sure the step is; of kept clips what they stand for", "0-1"),
    ),
)

INSIGHT_EFFECTS = Table(
    "insight_effects",
    "What an insight's steps are in words, and what a linear probe expects of them.",
    ("insight_id",),
    (
        INSIGHT_ID,
        CLASS,
        text("advice", "the steps in words, with numbers"),
        whole("wanted", "clips to collect", nullable=True),
        text("measure", "accuracy that the steps are meant to change", nullable=True),
        real("change", "expected change of it", "-1-1", True),
        real("ci_low", "lower end of its 95 % interval", "-1-1", True),
        real("ci_high", "upper end of its 95 % interval", "-1-1", True),
        whole("clips", "held-out clips that it was measured on"),
        text("reason", "why there is no figure", nullable=True),
        text("side_measure", "accuracy of the other held-out clips", nullable=True),
        real("side_change", "expected change of it", "-1-1", True),
        real("side_ci_low", "lower end of its 95 % interval", "-1-1", True),
        real("side_ci_high", "upper end of its 95 % interval", "-1-1", True),
        whole("side_clips", "held-out clips that it was measured on"),
        text("side_reason", "why there is no figure", nullable=True),
    ),
)

INSIGHT_LEDGER = Table(
    "insight_ledger",
    "What became of insights over the runs: a line for each run that changed one.",
    ("ledger_id", "run_id"),
    (
        text("ledger_id", "identity over the runs: the insight id that it was born with"),
        text("run_id", "Dagster run that found it so"),
        Column("recorded_at", "TIMESTAMP", "when (UTC)"),
        CLASS,
        text("insight_id", "present id; null when resolved", nullable=True),
        text("status", LedgerStatus.listed()),
        text("kind", "kind of the insight"),
        text("population", "named set of clips that it was found in"),
        text("other_class", "the second class of a confusion", nullable=True),
        whole("size", "clips in the group; 0 when resolved"),
        real("effect", "effect", nullable=True),
        real("severity", "severity; 0 when resolved", "0-1"),
        real("q_value", "q-value", "0-1", True),
        real("accuracy", "accuracy inside the group", "0-1", True),
        Column("clip_ids", "VARCHAR[]", "clips of the group when it was last there"),
        MODEL,
        SPACE,
    ),
)
