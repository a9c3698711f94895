"""The page of tables: every column of the DuckDB file, from `insight_dagster.tables`."""

from __future__ import annotations

from docs.generate.markdown import code, escaped, page, table
from insight_dagster.tables import SCHEMA_VERSION, TABLES
from insight_dagster.tables.columns import Column, Table


def tables_page() -> str:
    """Return the reference page of all tables."""
    introduction = (
        f"The tables of `insight.duckdb`, schema version {SCHEMA_VERSION}. Descriptions and units "
        "are stored as comments in the database as well (`duckdb_columns()`). Any DuckDB client "
        "can read the file while nothing is writing to it; `insight export parquet FOLDER` writes "
        "its contents as files."
    )
    return page("Tables", introduction, *(_section(each) for each in TABLES))


def _section(described: Table) -> str:
    header = ["column", "type", "unit", "NULL", "meaning"]
    key = ", ".join(map(code, described.key))
    return "\n\n".join(
        [
            f"## {described.name}",
            f"{escaped(described.description)}. Key: {key}.".replace("..", "."),
            table(header, (_row(each) for each in described.columns)),
        ]
    )


def _row(column: Column) -> list[str]:
    nullable = "yes" if column.nullable else ""
    description = escaped(column.description)
    return [code(column.name), code(column.sql_type), escaped(column.unit), nullable, description]
