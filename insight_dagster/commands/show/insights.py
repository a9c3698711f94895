"""`insight insights`: the insights of a home, most severe first, and their history."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from insight_dagster.analysis.insights.phrases import cause_phrases
from insight_dagster.commands.console import Console
from insight_dagster.commands.home import warn_random
from insight_dagster.commands.known_values import check_class, check_kind, insight_ids
from insight_dagster.commands.printing import print_json, print_rows
from insight_dagster.database import Database
from insight_dagster.database.quoting import literal
from insight_dagster.errors import UnknownInsightError
from insight_dagster.pipeline.home import has_random_predictions, open_database
from insight_dagster.settings import Settings
from insight_dagster.tables import INSIGHT_CAUSES, INSIGHTS
from insight_dagster.tables.insights import Cause
from insight_dagster.tables.records import from_row

_STATUS = """
    SELECT insight_id, status FROM insight_ledger WHERE insight_id IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY insight_id ORDER BY sequence DESC) = 1"""


@dataclass(frozen=True)
class Choice:
    """Which insights to show.

    Attributes:
        insight_id: those whose id begins with this; None for all.
        class_name: those of this class; None for all.
        kind: those of this kind; None for all.
    """

    insight_id: str | None = None
    class_name: str | None = None
    kind: str | None = None

    def of(self, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the rows of the class and the kind."""
        return [
            row
            for row in rows
            if self.class_name in (None, row["class_name"]) and self.kind in (None, row["kind"])
        ]


def show_insights(settings: Settings, choice: Choice, *, as_json: bool, console: Console) -> None:
    """Print the insights of a home that are chosen, most severe first.

    Raises:
        UnknownClassError: the home has no such class.
        UnknownInsightError: there is no such insight, or no such kind.
    """
    with open_database(settings).snapshot() as store:
        check_class(store, choice.class_name)
        ids = None if choice.insight_id is None else insight_ids(store, choice.insight_id)
        rows = _with_causes(store, ids)
        random = has_random_predictions(store)
    check_kind(choice.kind, rows)
    chosen = choice.of(rows)
    if as_json:
        print_json("insights", insights=chosen)
        return
    warn_random(random, console)
    empty = "No insights. `insight run` materializes them; if it has run, nothing stood out."
    print_rows(console, [_line(row) for row in chosen], title="Insights", empty=empty)


def _with_causes(store: Database, ids: Collection[str] | None) -> list[dict[str, Any]]:
    causes: dict[str, list[dict[str, Any]]] = {}
    for cause in sorted(store.rows(INSIGHT_CAUSES).to_pylist(), key=lambda each: each["rank"]):
        causes.setdefault(cause["insight_id"], []).append(cause)
    rows = [
        row for row in store.rows(INSIGHTS).to_pylist() if ids is None or row["insight_id"] in ids
    ]
    rows.sort(key=lambda row: (-row["severity"], row["insight_id"]))
    last = store.read(_STATUS)
    status = dict(zip(last["insight_id"].to_pylist(), last["status"].to_pylist(), strict=True))
    return [
        {
            **row,
            "status": status.get(row["insight_id"]),
            "causes": causes.get(row["insight_id"], []),
        }
        for row in rows
    ]


def show_history(settings: Settings, choice: Choice, *, as_json: bool, console: Console) -> None:
    """Print how the insights that are chosen changed over the runs.

    Raises:
        UnknownClassError: the home has no such class.
        UnknownInsightError: no insight of the ledger has such an id, or there is no such kind.
    """
    with open_database(settings).snapshot() as store:
        check_class(store, choice.class_name)
        rows = store.read(_history(choice.insight_id or "")).to_pylist()
    if choice.insight_id is not None and not rows:
        raise UnknownInsightError(
            f"no insight of the ledger has an id that begins with {choice.insight_id!r}; "
            "`insight insights --history` lists them"
        )
    check_kind(choice.kind, rows)
    chosen = choice.of(rows)
    if as_json:
        print_json("insights --history", history=chosen)
        return
    empty = "The ledger is empty. `insight run` fills it."
    print_rows(console, chosen, title="History of insights", empty=empty)


def _history(begun: str) -> str:
    text = literal(begun)
    return f"""
        SELECT ledger_id, class_name, recorded_at, status, kind, severity, size, population,
               effect, accuracy, insight_id, run_id
        FROM insight_ledger
        WHERE starts_with(ledger_id, {text}) OR ledger_id IN (
            SELECT ledger_id FROM insight_ledger WHERE starts_with(insight_id, {text}))
        ORDER BY ledger_id, sequence"""  # noqa: S608


def _line(row: dict[str, Any]) -> dict[str, Any]:
    causes = [from_row(Cause, each) for each in row["causes"]]
    return {
        "id": row["insight_id"],
        "class": row["class_name"],
        "kind": row["kind"],
        "what": row["sentence"],
        "clips": row["size"],
        "severity": row["severity"],
        "status": row["status"],
        "causes": ", ".join(cause_phrases(causes)) or None,
        "population": row["population"],
        "q": row["q_value"],
    }
