"""What follows from insights: what to do, what it would change, what became of them.

The records and their tables belong here; making them (`analysis.actions`,
`analysis.insights.history`) does not.
"""

from __future__ import annotations

from datetime import datetime

from insight_dagster.tables.identity import CLASS, INSIGHT_ID, MODEL, SEQUENCE, SPACE
from insight_dagster.tables.records import column, record, table_of
from insight_dagster.tables.status import LedgerStatus, Verb


@record
class InsightAction:
    """What to do with one clip because of an insight."""

    insight_id: str = column(INSIGHT_ID.description)
    class_name: str = column(CLASS.description)
    rank: int = column("order within the insight, 1 first")
    clip_id: str = column("a clip")
    verb: Verb = column(Verb.listed())
    suggested_class: str | None = column("label to give")
    partner_clip_id: str | None = column("the clip that stays in its place, or to compare it with")
    confidence: float = column("how sure the step is; of kept clips what they stand for", "0-1")


@record
class InsightEffect:
    """An insight's steps in words, and what a linear probe expects of them.

    The columns that begin with `side_` are of the held-out clips that the steps are not meant for.
    """

    insight_id: str = column(INSIGHT_ID.description)
    class_name: str = column(CLASS.description)
    advice: str = column("the steps in words, with numbers")
    wanted: int | None = column("clips to collect")
    measure: str | None = column("accuracy that the steps are meant to change")
    change: float | None = column("expected change of it", "-1-1")
    ci_low: float | None = column("lower end of its 95 % interval", "-1-1")
    ci_high: float | None = column("upper end of its 95 % interval", "-1-1")
    clips: int = column("held-out clips that it was measured on")
    reason: str | None = column("why there is no figure")
    side_measure: str | None = column("accuracy of the other held-out clips")
    side_change: float | None = column("expected change of it", "-1-1")
    side_ci_low: float | None = column("lower end of its 95 % interval", "-1-1")
    side_ci_high: float | None = column("upper end of its 95 % interval", "-1-1")
    side_clips: int = column("held-out clips that it was measured on")
    side_reason: str | None = column("why there is no figure")


@record
class LedgerLine:
    """What a run changed about one insight."""

    ledger_id: str = column("identity over the runs: the insight's first id")
    run_id: str = column("Dagster run that found it so")
    recorded_at: datetime = column("when (UTC)")
    sequence: int | None = column(SEQUENCE.description)
    class_name: str = column(CLASS.description)
    insight_id: str | None = column("present id; null when resolved")
    status: LedgerStatus = column(LedgerStatus.listed())
    kind: str = column("kind of the insight")
    population: str = column("named set of clips that it was found in")
    other_class: str | None = column("the second class of a confusion")
    size: int = column("clips in the group; 0 when resolved")
    effect: float | None = column("effect")
    severity: float = column("severity; 0 when resolved", "0-1")
    q_value: float | None = column("q-value", "0-1")
    accuracy: float | None = column("accuracy inside the group", "0-1")
    clip_ids: tuple[str, ...] = column("clips of the group when it was last there")
    model_fingerprint: str = column(MODEL.description)
    space_id: str = column(SPACE.description)


INSIGHT_ACTIONS = table_of(
    InsightAction,
    "insight_actions",
    "What to do with which clip because of an insight.",
    key=("insight_id", "clip_id"),
)
INSIGHT_EFFECTS = table_of(
    InsightEffect,
    "insight_effects",
    "An insight's steps in words, and what a linear probe expects of them.",
    key=("insight_id",),
)
INSIGHT_LEDGER = table_of(
    LedgerLine,
    "insight_ledger",
    "What became of insights over the runs: a line for each run that changed one.",
    key=("ledger_id", "run_id"),
    irreplaceable=True,
)
