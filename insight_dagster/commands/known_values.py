"""Values that a person names on the command line: classes, kinds of insights and insights.

Each is looked up in the tables, or an error says what there is.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from insight_dagster.database import Database
from insight_dagster.database.quoting import literal
from insight_dagster.errors import UnknownClassError, UnknownInsightError, choices


def check_class(store: Database, class_name: str | None) -> None:
    """Make sure that a class is in the tables.

    Raises:
        UnknownClassError: it is not; the message lists the classes.
    """
    if class_name is None:
        return
    known = store.read("SELECT DISTINCT class_name FROM clip_manifest")["class_name"].to_pylist()
    if class_name not in known:
        raise UnknownClassError(
            f"no class {class_name!r} in this home; {choices(class_name, known)}"
        )


def check_kind(kind: str | None, rows: Iterable[dict[str, Any]]) -> None:
    """Make sure that a kind of insights exists.

    Args:
        kind: as it was asked for; None for all kinds.
        rows: insights; their kinds exist.

    Raises:
        UnknownInsightError: there is no such kind; the message lists them.
    """
    if kind is None or any(row["kind"] == kind for row in rows):
        return
    from insight_dagster.analysis.insights.kinds.registry import KINDS  # imports scipy

    if kind not in KINDS:
        raise UnknownInsightError(f"no kind of insight {kind!r}; {choices(kind, KINDS)}")


def insight_ids(store: Database, begun: str) -> list[str]:
    """Return the ids of present insights that begin with a text, or whose ledger id does.

    Raises:
        UnknownInsightError: there is none.
    """
    text = literal(begun)
    sql = f"""
        SELECT insight_id FROM insights
        WHERE starts_with(insight_id, {text}) OR insight_id IN (
            SELECT insight_id FROM insight_ledger WHERE starts_with(ledger_id, {text}))
        ORDER BY severity DESC, insight_id"""  # noqa: S608
    found: list[str] = store.read(sql)["insight_id"].to_pylist()
    if not found or not begun:
        raise UnknownInsightError(
            f"no insight has an id that begins with {begun!r}; `insight insights` lists them"
        )
    return found


def one_insight_id(store: Database, begun: str) -> str:
    """Return the id of the only insight that `insight_ids` finds.

    Raises:
        UnknownInsightError: there is none, or there are several.
    """
    found = insight_ids(store, begun)
    if len(found) > 1:
        raise UnknownInsightError(
            f"{len(found)} insights have an id that begins with {begun!r}: "
            f"{', '.join(found[:6])}; give more of it"
        )
    return found[0]
