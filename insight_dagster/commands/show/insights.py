"""`insight insights`: the insights of a home, most severe first, and their history."""

from __future__ import annotations

from typing import Any

from insight_dagster.analysis.insights.phrases import cause_phrases
from insight_dagster.commands.console import Console
from insight_dagster.commands.home import mark_random
from insight_dagster.commands.printing import print_json, print_rows
from insight_dagster.errors import UnknownClassError, UnknownInsightError
from insight_dagster.pipeline.home import open_database
from insight_dagster.settings import Settings
from insight_dagster.tables import INSIGHT_CAUSES, INSIGHTS
from insight_dagster.tables.insights import Cause
from insight_dagster.tables.records import from_row

_STATUS = """
    SELECT insight_id, status FROM insight_ledger WHERE insight_id IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY insight_id ORDER BY sequence DESC) = 1"""
_HISTORY = """
    SELECT ledger_id, class_name, recorded_at, status, kind, severity, size, population,
           effect, accuracy, insight_id, run_id
    FROM insight_ledger
    WHERE starts_with(ledger_id, $1) OR ledger_id IN (
        SELECT ledger_id FROM insight_ledger WHERE starts_with(insight_id, $1))
    ORDER BY ledger_id, sequence"""


def show_insights(
    settings: Settings,
    *,
    class_name: str | None,
    kind: str | None,
    as_json: bool,
    console: Console,
) -> None:
    """Print the insights of a home, filtered by class and kind.

    Raises:
        UnknownClassError: the home has no such class.
    """
    rows = _with_causes(settings)
    chosen = [
        row
        for row in rows
        if class_name in (None, row["class_name"]) and kind in (None, row["kind"])
    ]
    _check_class(settings, class_name)
    if as_json:
        print_json("insights", insights=chosen)
        return
    mark_random(settings, console)
    empty = "No insights. `insight run` materializes them; if it has run, nothing stood out."
    print_rows(console, [_line(row) for row in chosen], title="Insights", empty=empty)


def _check_class(settings: Settings, class_name: str | None) -> None:
    sql = "SELECT DISTINCT class_name FROM clip_manifest ORDER BY ALL"
    known = open_database(settings).read(sql)["class_name"].to_pylist()
    if class_name is not None and class_name not in known:
        raise UnknownClassError(f"no class {class_name!r} in this home; it has {', '.join(known)}")


def _with_causes(settings: Settings) -> list[dict[str, Any]]:
    store = open_database(settings)
    causes: dict[str, list[dict[str, Any]]] = {}
    for cause in sorted(store.rows(INSIGHT_CAUSES).to_pylist(), key=lambda each: each["rank"]):
        causes.setdefault(cause["insight_id"], []).append(cause)
    rows = store.rows(INSIGHTS).to_pylist()
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


def show_history(
    settings: Settings, ledger_id: str | None, *, as_json: bool, console: Console
) -> None:
    """Print how insights changed over the runs.

    Args:
        settings: of the home.
        ledger_id: only the insight whose id begins with this; None = all.
        as_json: print JSON instead of a table.
        console: to print to.

    Raises:
        UnknownInsightError: no insight of the ledger has an id that begins with `ledger_id`.
    """
    rows = open_database(settings).read(_HISTORY, [ledger_id or ""]).to_pylist()
    if ledger_id and not rows:
        raise UnknownInsightError(
            f"no insight of the ledger has an id that begins with {ledger_id!r}; "
            "`insight insights --history` lists them"
        )
    if as_json:
        print_json("insights --history", history=rows)
        return
    empty = "The ledger is empty. `insight run` fills it."
    print_rows(console, rows, title="History of insights", empty=empty)


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
