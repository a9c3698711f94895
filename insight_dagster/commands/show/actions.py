"""`insight actions`: what to do about an insight, clip by clip, and the expected effect."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from insight_dagster.commands.console import Console
from insight_dagster.commands.known_values import one_insight_id
from insight_dagster.commands.printing import print_json, print_rows
from insight_dagster.database.quoting import literal
from insight_dagster.pipeline.home import open_database
from insight_dagster.settings import Settings

_INSIGHT = """
    SELECT i.insight_id, i.class_name, i.sentence, i.action, e.* EXCLUDE (insight_id, class_name)
    FROM insights i LEFT JOIN insight_effects e USING (insight_id)
    WHERE i.insight_id = {}"""
_STEPS = """
    SELECT a.rank, a.verb, m.path, a.clip_id, m.class_name AS present_class, m.split,
           a.suggested_class, a.partner_clip_id, p.path AS partner_path, a.confidence
    FROM insight_actions a
    LEFT JOIN clip_manifest m ON m.clip_id = a.clip_id
    LEFT JOIN clip_manifest p ON p.clip_id = a.partner_clip_id
    WHERE a.insight_id = {} ORDER BY a.rank"""


def show_actions(
    settings: Settings, insight_id: str, *, out: Path | None, as_json: bool, console: Console
) -> None:
    """Print the steps of an insight and their expected effect, or write the steps to a file.

    Args:
        settings: of the home.
        insight_id: id of an insight or of a line of its ledger, or the start of one.
        out: file to write the steps to instead, .csv or .parquet.
        as_json: print JSON instead of tables.
        console: to print to.

    Raises:
        UnknownInsightError: not exactly one insight has an id that begins with `insight_id`.
        SettingsError: the file is neither .csv nor .parquet.
    """
    with open_database(settings).snapshot() as store:
        wanted = literal(one_insight_id(store, insight_id))
        (insight,) = store.read(_INSIGHT.format(wanted)).to_pylist()
        steps = store.read(_STEPS.format(wanted))
    if out is not None:
        from insight_dagster.export.table_files import write_table

        write_table(steps, out)
        console.print(f"{steps.num_rows} rows written to {out}", soft_wrap=True)
        return
    if as_json:
        print_json("actions", insight=insight, steps=steps.to_pylist())
        return
    lines = [insight["sentence"], insight["action"], insight["advice"] or "", *_expected(insight)]
    for line in filter(None, lines):
        console.print(line, soft_wrap=True)
    print_rows(console, steps.to_pylist(), title="Steps", empty="Nothing to do.")


def _expected(insight: dict[str, Any]) -> list[str]:
    """Return the expected effect in words, and the one on the other clips where it is known."""
    if insight["change"] is None:
        lines = [f"No expected effect: {insight['reason'] or 'it was not estimated'}."]
    else:
        lines = [f"Expected effect, estimated with a linear probe: {_figure(insight, '')}."]
    if insight["side_change"] is not None:
        lines.append(f"Effect on other clips: {_figure(insight, 'side_')}.")
    return lines


def _figure(insight: dict[str, Any], prefix: str) -> str:
    change, low, high = (insight[prefix + name] for name in ("change", "ci_low", "ci_high"))
    return (
        f"{100 * change:+.1f} points of {insight[prefix + 'measure']} (95 % interval "
        f"{100 * low:+.1f} to {100 * high:+.1f}, {insight[prefix + 'clips']} clips)"
    )
