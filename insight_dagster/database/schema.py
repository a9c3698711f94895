"""The schema inside a DuckDB file: made, recognised, and kept to one vector dimension.

Statements that define tables belong here; their columns are in `tables/`, connections and
reading in `database.py`, writing in `writes.py`.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa

from insight_dagster.errors import DatabaseError, SchemaVersionError
from insight_dagster.tables import SCHEMA_VERSION, TABLES
from insight_dagster.tables.columns import Table


def is_new(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the file has no table yet."""
    return not connection.execute("SELECT count(*) FROM duckdb_tables()").fetchall()[0][0]


def check_version(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Refuse a file of another program or of another version of the schema.

    Raises:
        SchemaVersionError: with what to do.
    """
    try:
        found = connection.execute("SELECT version FROM schema_version").fetchall()[0][0]
    except duckdb.CatalogException as problem:
        raise SchemaVersionError(
            f"{path} was not made by this project; choose another home with --home or INSIGHT_HOME"
        ) from problem
    if found != SCHEMA_VERSION:
        raise SchemaVersionError(
            f"{path} has schema version {found}, this release reads {SCHEMA_VERSION}; "
            "use the release that wrote it, or choose a new home with --home or INSIGHT_HOME"
        )


def create_schema(connection: duckdb.DuckDBPyConnection, *, read_only: bool) -> None:
    """All tables but the vectors', whose dimension only their first rows tell."""
    if read_only:  # a run was killed between making the file and this; the next write mends it
        return
    connection.execute("BEGIN")
    connection.execute("CREATE TABLE schema_version (version INTEGER PRIMARY KEY)")
    connection.execute("INSERT INTO schema_version VALUES (?)", [SCHEMA_VERSION])
    for table in TABLES:
        if not has_dimension(table):
            _create(connection, table, dimension=0)
    connection.execute("COMMIT")


def exists(connection: duckdb.DuckDBPyConnection, table: Table) -> bool:
    """Whether the table has been made."""
    sql = "SELECT count(*) FROM duckdb_tables() WHERE table_name = ?"
    return bool(connection.execute(sql, [table.name]).fetchall()[0][0])


def empty_rows(table: Table) -> pa.Table:
    """No rows, with the columns' Arrow types (a vector's dimension is not known yet: 0)."""
    connection = duckdb.connect()
    try:
        casts = ", ".join(
            f"CAST(NULL AS {column.sql_type.format(dimension=1)}) AS {column.name}"
            for column in table.columns
        )
        return connection.execute(f"SELECT {casts} LIMIT 0").to_arrow_table()
    finally:
        connection.close()


def has_dimension(table: Table) -> bool:
    """Whether the table holds vectors, whose length its first rows decide."""
    return any("{dimension}" in column.sql_type for column in table.columns)


def ensure_dimension(connection: duckdb.DuckDBPyConnection, table: Table, rows: pa.Table) -> None:
    """Make the vector table at the first rows; refuse rows of another dimension."""
    if not rows.num_rows:
        return
    column = next(column for column in table.columns if "{dimension}" in column.sql_type)
    dimension = len(rows.column(column.name)[0])
    if not exists(connection, table):
        _create(connection, table, dimension=dimension)
    sql = "SELECT data_type FROM duckdb_columns() WHERE table_name = ? AND column_name = ?"
    stored = connection.execute(sql, [table.name, column.name]).fetchall()[0][0]
    if stored != column.sql_type.format(dimension=dimension):
        raise DatabaseError(
            f"{table.name} holds {stored} vectors and this model gives {dimension} numbers; "
            "one home keeps one architecture and one second embedding: choose a new home with "
            "--home or INSIGHT_HOME"
        )


def _create(connection: duckdb.DuckDBPyConnection, table: Table, *, dimension: int) -> None:
    columns = ", ".join(
        f"{column.name} {column.sql_type.format(dimension=dimension)}"
        f"{'' if column.nullable else ' NOT NULL'}"
        for column in table.columns
    )
    key = ", ".join(table.key)
    connection.execute(f"CREATE TABLE IF NOT EXISTS {table.name} ({columns}, PRIMARY KEY ({key}))")
    connection.execute(f"COMMENT ON TABLE {table.name} IS {_quoted(table.description)}")
    for column in table.columns:
        name = f"{table.name}.{column.name}"
        connection.execute(f"COMMENT ON COLUMN {name} IS {_quoted(column.comment)}")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
