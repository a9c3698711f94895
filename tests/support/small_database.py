"""A small database with rows in tables of every kind, and what they are."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa

from insight_dagster.database import Database
from insight_dagster.database.writes import ReplacePartition, ReplaceTable, Upsert
from insight_dagster.tables import (
    BASELINE_CLIPS,
    BASELINES,
    CHECK_RESULTS,
    CLIP_MANIFEST,
    CLUSTERS,
    EMBEDDINGS,
    INSIGHT_LEDGER,
    IRREPLACEABLE,
    PINNED_INSIGHTS,
    TABLES,
)
from insight_dagster.tables.columns import Table

START = datetime(2026, 3, 1, 2)
_VALUES = {
    "VARCHAR": lambda n: f"text {n}",
    "INTEGER": lambda n: n,
    "BIGINT": lambda n: 10**12 + n,
    "DOUBLE": lambda n: 1.0 if n % 2 else n / 7,
    "BOOLEAN": lambda n: n % 3 == 0,
    "TIMESTAMP": lambda n: START + timedelta(hours=n),
    "VARCHAR[]": lambda n: [f"{n}", "ü\n"],
    "MAP(VARCHAR, DOUBLE)": lambda n: [("sky", n / 3)],
}


def made_up_rows(table: Table, count: int, **fixed: object) -> pa.Table:
    """Rows whose values differ, but for the columns given and every second real number."""
    return table.from_rows(
        {column.name: _VALUES[column.sql_type](n) for column in table.columns} | fixed
        for n in range(count)
    )


def fill(database: Database, clips: int = 600) -> None:
    """Write rows of clips, vectors, history and what people entered."""
    rng = np.random.default_rng(0)
    for name in ("abseiling", "yoga"):
        rows = pa.table(
            {
                "clip_id": [f"{name} {n}" for n in range(clips)],
                "class_name": [name] * clips,
                "content_key": [f"{n:032x}" for n in range(clips)],
                "model_fingerprint": ["x3d"] * clips,
                "embedding": pa.FixedSizeListArray.from_arrays(
                    rng.random(clips * 96, dtype=np.float32), 96
                ),
            }
        )
        manifest = made_up_rows(CLIP_MANIFEST, clips, class_name=name, status="ok")
        ids = manifest.column_names.index("clip_id")
        database.write(
            ReplacePartition(CLIP_MANIFEST, manifest.set_column(ids, "clip_id", rows[0]), name),
            ReplacePartition(EMBEDDINGS, rows, name),
        )
    clusters = made_up_rows(CLUSTERS, clips, class_name="yoga", strength=1.0)
    database.write(ReplacePartition(CLUSTERS, clusters, "yoga"))
    fill_history(database)


def fill_history(database: Database) -> None:
    """Write rows that no run computes again."""
    database.write(
        Upsert(BASELINES, made_up_rows(BASELINES, 3, sequence=None)),
        ReplaceTable(BASELINE_CLIPS, made_up_rows(BASELINE_CLIPS, 300)),
        Upsert(PINNED_INSIGHTS, made_up_rows(PINNED_INSIGHTS, 4, sequence=None)),
    )
    database.write(
        Upsert(CHECK_RESULTS, made_up_rows(CHECK_RESULTS, 90, facts="{}")),
        Upsert(INSIGHT_LEDGER, made_up_rows(INSIGHT_LEDGER, 50, sequence=None)),
    )


def all_rows(database: Database) -> dict[str, pa.Table]:
    """Every row of every table."""
    return _rows(database, TABLES)


def history(database: Database) -> dict[str, pa.Table]:
    """Every row that no run computes again."""
    return _rows(database, IRREPLACEABLE)


def _rows(database: Database, tables: Sequence[Table]) -> dict[str, pa.Table]:
    with database.snapshot() as seen:
        known = set(seen.read("SELECT table_name FROM duckdb_tables()")["table_name"].to_pylist())
        return {table.name: seen.rows(table) for table in tables if table.name in known}
