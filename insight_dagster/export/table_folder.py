"""The formats parquet and csv: all tables about clips and insights, and what their columns mean.

How one table becomes a file is in `table_files`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import pyarrow as pa

from insight_dagster import tables
from insight_dagster.database import Database
from insight_dagster.export.clip_rows import INSIGHTS_COLUMN, INSIGHTS_DESCRIPTION, exported_clips
from insight_dagster.export.table_files import write_table
from insight_dagster.export.written_file import WrittenFile
from insight_dagster.tables.columns import Column, Table

_JOINED = (
    tables.CLIP_MANIFEST,
    tables.PREDICTIONS,
    tables.PROJECTION,
    tables.CLUSTERS,
    tables.METADATA_TABLE,
)
_WHOLE = (
    tables.INSIGHTS,
    tables.INSIGHT_MEMBERS,
    tables.INSIGHT_CAUSES,
    tables.INSIGHT_ACTIONS,
    tables.INSIGHT_EFFECTS,
    tables.INSIGHT_LEDGER,
    tables.PERFORMANCE,
)


def write_table_folder(
    store: Database, folder: Path, ending: Literal["csv", "parquet"]
) -> list[WrittenFile]:
    """Write `clips`, the tables of insights and `columns`; Parquet has the vectors as well.

    Args:
        store: the database.
        folder: to write into.
        ending: of the files, which names their format.

    Raises:
        SettingsError: a file cannot be written.
    """
    exported = _exported_tables(store, vectors=ending == "parquet")
    return [write_named_table(rows, folder, f"{name}.{ending}") for name, rows in exported]


def write_named_table(rows: pa.Table, folder: Path, name: str) -> WrittenFile:
    """Write one table of an export.

    Raises:
        SettingsError: the file cannot be written.
    """
    write_table(rows, folder / name)
    return WrittenFile.of_table(name, rows)


def column_dictionary(clip_columns: Sequence[str]) -> pa.Table:
    """Return what every exported column means: table, column, unit, description.

    Args:
        clip_columns: the columns of the table `clips`.
    """
    known = {column.name: column for table in _JOINED for column in table.columns}
    rows = [_meaning("clips", known[name]) for name in clip_columns if name in known]
    rows.append({
        "table": "clips", "column": INSIGHTS_COLUMN, "unit": "",
        "description": INSIGHTS_DESCRIPTION,
    })  # fmt: skip
    whole: tuple[Table, ...] = (*_WHOLE, tables.EMBEDDINGS)
    rows += [_meaning(table.name, column) for table in whole for column in table.columns]
    return pa.Table.from_pylist(rows)


def _exported_tables(store: Database, *, vectors: bool) -> Iterator[tuple[str, pa.Table]]:
    clips = exported_clips(store)
    yield "clips", clips
    yield from ((table.name, store.rows(table)) for table in _WHOLE)
    if vectors:
        yield "embeddings", store.rows(tables.EMBEDDINGS)
    yield "columns", column_dictionary(clips.column_names)


def _meaning(table: str, column: Column) -> dict[str, str]:
    return {
        "table": table,
        "column": column.name,
        "unit": column.unit,
        "description": column.description,
    }
