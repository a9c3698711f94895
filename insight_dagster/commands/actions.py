"""`insight actions`: what to do because of an insight, shown and exported."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
from rich.console import Console

from insight_dagster.commands.home import open_database
from insight_dagster.commands.tables import print_json, print_rows
from insight_dagster.errors import SettingsError, UnknownInsightError
from insight_dagster.settings import Settings

_INSIGHT = """
    SELECT i.insight_id, i.sentence, i.action, e.measure, e.change, e.ci_low, e.ci_high, e.clips,
           e.reason
    FROM insights i LEFT JOIN insight_effects e USING (insight_id)
    WHERE starts_with(i.insight_id, $1) OR i.insight_id IN (
        SELECT insight_id FROM insight_ledger WHERE starts_with(ledger_id, $1))"""
_STEPS = """
    SELECT a.rank, a.verb, a.clip_id, m.path, m.class_name AS present_class, m.split,
           a.suggested_class, a.partner_clip_id, p.path AS partner_path, a.confidence
    FROM insight_actions a
    LEFT JOIN clip_manifest m ON m.clip_id = a.clip_id
    LEFT JOIN clip_manifest p ON p.clip_id = a.partner_clip_id
    WHERE a.insight_id = ? ORDER BY a.rank"""
# A spreadsheet runs a cell that begins with one of these.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def show_actions(
    settings: Settings, insight_id: str, *, out: Path | None, as_json: bool, console: Console
) -> None:
    """Print an insight's steps and what they are expected to bring, or write the steps to a file.

    Raises:
        UnknownInsightError: no insight, or more than one, has an id that begins so.
        SettingsError: the file to write is neither .csv nor .parquet.
    """
    store = open_database(settings)
    found = store.read(_INSIGHT, [insight_id]).to_pylist()
    if len(found) != 1:
        what = "no insight has" if not found else f"{len(found)} insights have"
        raise UnknownInsightError(
            f"{what} an id that begins with {insight_id!r}; `insight insights` lists them"
        )
    insight, steps = found[0], store.read(_STEPS, [found[0]["insight_id"]])
    if out is not None:
        export(steps, out)
        console.print(f"{steps.num_rows} rows written to {out}", soft_wrap=True, markup=False)
        return
    if as_json:
        print_json([{**insight, "steps": steps.to_pylist()}])
        return
    console.print(insight["sentence"], soft_wrap=True, markup=False)
    console.print(f"{insight['action']} {_expected(insight)}", soft_wrap=True, markup=False)
    print_rows(console, steps.to_pylist(), title="Steps", empty="Nothing to do.")


def export(steps: pa.Table, out: Path) -> None:
    """Write steps as CSV or Parquet by the name's ending.

    In CSV a text that a spreadsheet would run as a formula gets an apostrophe in front: file names
    and labels are not ours.

    Raises:
        SettingsError: another ending.
    """
    if out.suffix.lower() == ".parquet":
        pq.write_table(steps, out)
    elif out.suffix.lower() == ".csv":
        columns = [
            pa.array([_harmless(value) for value in column.to_pylist()], pa.string())
            if pa.types.is_string(column.type)
            else column
            for column in steps.columns
        ]
        pcsv.write_csv(pa.table(columns, names=steps.column_names), out)
    else:
        raise SettingsError(f"{out} must end in .csv or .parquet")


def _harmless(value: str | None) -> str | None:
    return f"'{value}" if value and value.startswith(_FORMULA) else value


def _expected(insight: dict[str, object]) -> str:
    if insight["change"] is None:
        reason = insight["reason"] or "it is not among the most severe insights"
        return f"No effect is foreseen: {reason}."
    return (
        f"Expected by a linear probe: {insight['change']:+.1%} {insight['measure']} (95 % interval "
        f"{insight['ci_low']:+.1%} to {insight['ci_high']:+.1%}, {insight['clips']} clips)."
    )
