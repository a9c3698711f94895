"""Metadata that the Dagster UI shows of a materialization: facts, schema, preview, pictures."""

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa

from insight_dagster.analysis.insights.phrases import cause_phrases
from insight_dagster.assets.steps.facts import class_facts, rounded, shared_facts
from insight_dagster.assets.steps.per_class import Metadata
from insight_dagster.pipeline.step_result import StepResult
from insight_dagster.tables.columns import Table
from insight_dagster.tables.insights import Cause
from insight_dagster.tables.records import from_row

_PREVIEW_ROWS = 5
_LONGEST_CELL = 60
_NOT_PREVIEWED = ("class_name", "space_id", "model_fingerprint", "metadata_version")


def result_metadata(result: StepResult) -> Metadata:
    """Return the facts of a step about one class, and the rows that it wrote."""
    facts = class_facts({**result.facts, "rows": result.rows.num_rows})
    return {**facts, **_table_metadata(result.table, result.rows)}


def shared_metadata(table: Table, rows: pa.Table, facts: Mapping[str, Any]) -> Metadata:
    """Return facts about all classes together, and the rows that were written.

    Args:
        table: the table.
        rows: its rows.
        facts: about the step.
    """
    counted = {"dagster/row_count": rows.num_rows, **_table_metadata(table, rows)}
    return {**shared_facts(facts), **counted}


def _table_metadata(table: Table, rows: pa.Table) -> Metadata:
    """Return column schema with units, and the first rows of a table."""
    return {
        "dagster/column_schema": _schema(table),
        "dagster/table_name": table.name,
        "preview": _preview(rows),
    }


def picture(png: bytes, title: str) -> dg.MarkdownMetadataValue:
    """Return a PNG as metadata that the UI shows inline."""
    encoded = base64.b64encode(png).decode()
    return dg.MetadataValue.md(f"![{title}](data:image/png;base64,{encoded})")


def first_grid(bundles: pa.Table, home: Path) -> Metadata:
    """Return the frame grid of the first heatmap bundle, shown inline; nothing without bundles."""
    if not bundles.num_rows:
        return {}
    return {"example": picture((home / bundles["path"][0].as_py()).read_bytes(), "heatmap")}


def _schema(table: Table) -> dg.TableSchema:
    return dg.TableSchema(
        columns=[
            dg.TableColumn(column.name, column.sql_type, column.comment) for column in table.columns
        ],
        constraints=dg.TableConstraints(other=[f"primary key ({', '.join(table.key)})"]),
    )


def _preview(rows: pa.Table) -> dg.MarkdownMetadataValue:
    """Return the first rows, without what is the same in all rows of a class."""
    constant = [name for name in _NOT_PREVIEWED if name in rows.column_names]
    return markdown_table(rows.drop_columns(constant).slice(0, _PREVIEW_ROWS))


def markdown_table(rows: pa.Table) -> dg.MarkdownMetadataValue:
    """Return rows as a Markdown table, with numbers rounded and long cells shortened."""
    lines = [_line([_cell(name) for name in rows.column_names]), _line(["---"] * rows.num_columns)]
    lines += [_line([_cell(value) for value in row.values()]) for row in rows.to_pylist()]
    return dg.MetadataValue.md("\n".join(lines))


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _cell(value: object) -> str:
    text = str(rounded(value)) if isinstance(value, float) else str(value)
    text = text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")
    return text if len(text) <= _LONGEST_CELL else text[: _LONGEST_CELL - 1] + "…"


def insight_list(insights: pa.Table, causes: pa.Table) -> dg.MarkdownMetadataValue:
    """Return the insights by severity, each with its strongest causes, as a Markdown list."""
    causes_of: dict[str, list[Cause]] = {}
    for row in sorted(causes.to_pylist(), key=lambda row: row["rank"]):
        causes_of.setdefault(row["insight_id"], []).append(from_row(Cause, row))
    ranked = sorted(insights.to_pylist(), key=lambda row: -row["severity"])
    lines = []
    for number, row in enumerate(ranked, 1):
        phrases = ", ".join(cause_phrases(causes_of.get(row["insight_id"], [])))
        lines.append(
            f"{number}. **{row['kind']}** ({row['severity']:.2f}): {row['sentence']}"
            f"{phrases and f' *{phrases}*'}"
        )
    return dg.MetadataValue.md("\n".join(lines).replace("<", "&lt;") or "Nothing stands out.")
