"""`insight pin`, `unpin` and `pins`: insights whose check fails when they get worse."""

from __future__ import annotations

from insight_dagster.analysis.insights.history.same_insight import ClipGroup
from insight_dagster.commands.console import Console
from insight_dagster.commands.home import note_clock, who
from insight_dagster.commands.known_values import one_insight_id
from insight_dagster.commands.printing import print_json, print_rows
from insight_dagster.database.writes import Deletion, Upsert
from insight_dagster.errors import UnknownInsightError
from insight_dagster.pipeline.home import open_database
from insight_dagster.settings import Settings
from insight_dagster.tables import PINNED_INSIGHTS
from insight_dagster.tables.clock import timestamp_now

_INSIGHT = """
    SELECT i.*, list(m.clip_id ORDER BY m.clip_id) AS clip_ids
    FROM insights i JOIN insight_members m USING (insight_id)
    WHERE i.insight_id = ? GROUP BY ALL"""
_COPIED = ("insight_id", "class_name", "kind", "population", "other_class", "size", "severity")
_PINS = """
    SELECT insight_id, class_name, kind, note, severity, size, author, pinned_at
    FROM pinned_insights ORDER BY sequence"""


def pin(
    settings: Settings, insight_id: str, *, note: str, author: str | None, console: Console
) -> None:
    """Pin an insight: its check fails when it becomes more severe than it is now.

    Earlier pins of the same insight are replaced; its id is another when its group changed.

    Args:
        settings: of the home.
        insight_id: id of an insight or of a line of its ledger, or the start of one.
        note: why it is pinned.
        author: who pins it; default: the user's login name.
        console: to print to.

    Raises:
        UnknownInsightError: not exactly one insight has an id that begins with `insight_id`.
    """
    store = open_database(settings)
    note_clock(settings, console)
    found = store.read(_INSIGHT, [one_insight_id(store, insight_id)]).to_pylist()
    row = {
        **{name: found[0][name] for name in (*_COPIED, "clip_ids", "sentence")},
        "note": note,
        "author": who(author),
        "pinned_at": timestamp_now(),
    }
    replaced = [
        Deletion(PINNED_INSIGHTS, {"insight_id": earlier["insight_id"]})
        for earlier in store.rows(PINNED_INSIGHTS).to_pylist()
        if ClipGroup.of_row(earlier).is_same(ClipGroup.of_row(row))
    ]
    store.write(*replaced, Upsert(PINNED_INSIGHTS, PINNED_INSIGHTS.from_rows([row])))
    console.print(f"Pinned {row['insight_id']}: {row['sentence']}", soft_wrap=True)


def unpin(settings: Settings, insight_id: str, *, console: Console) -> None:
    """Unpin an insight.

    Raises:
        UnknownInsightError: not exactly one pinned insight has an id that begins with `insight_id`.
    """
    store = open_database(settings)
    pinned = store.rows(PINNED_INSIGHTS)["insight_id"].to_pylist()
    matches = [each for each in pinned if each.startswith(insight_id)]
    if len(matches) != 1:
        raise UnknownInsightError(
            f"{len(matches)} pinned insights have an id that begins with {insight_id!r}; "
            "`insight pins` lists them"
        )
    store.write(Deletion(PINNED_INSIGHTS, {"insight_id": matches[0]}))
    console.print(f"{matches[0]} is no longer pinned.")


def show_pins(settings: Settings, *, as_json: bool, console: Console) -> None:
    """Print the pinned insights."""
    rows = open_database(settings).read(_PINS).to_pylist()
    if as_json:
        print_json("pins", pins=rows)
        return
    print_rows(console, rows, title="Pinned insights", empty="No insight is pinned.")
