"""The schema inside a DuckDB file: its creation, its version, the dimension of its vectors.

Statements that create tables belong here; the columns are defined in `insight_dagster.tables`,
connections and reading in `connection`, writing in `writes`.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa

from insight_dagster.database.clean_close import Stat, stats_of
from insight_dagster.database.quoting import literal
from insight_dagster.database.write_sequence import begin_sequence
from insight_dagster.errors import DatabaseError, SchemaVersionError
from insight_dagster.tables import SCHEMA_VERSION, TABLES
from insight_dagster.tables.columns import Table

_ANOTHER_RELEASE = (
    "use the release that wrote it, carry its history over with `insight restore`, or choose a new "
    "home with --home or INSIGHT_HOME"
)
_NEWER_RELEASE = "use the release that wrote it, or choose a new home with --home or INSIGHT_HOME"

_checked: dict[Path, tuple[Stat | None, ...]] = {}
"""What the system said of a file when its schema was compared, by path."""


def ensure_schema(connection: duckdb.DuckDBPyConnection, path: Path, *, read_only: bool) -> None:
    """Create the schema of a new file; refuse a file whose schema is not this release's.

    A file that has not changed since this process looked is not looked at again.

    Raises:
        SchemaVersionError: the file is another program's, has another version of the schema, or has
            other columns.
    """
    stats = stats_of(path)
    if _checked.get(path) == stats:
        return
    if _is_new(connection):
        _create_schema(connection, read_only=read_only)
    else:
        _check_schema(connection, path)
        _checked[path] = stats


def _is_new(connection: duckdb.DuckDBPyConnection) -> bool:
    """Return whether the file has no table yet."""
    return not connection.execute("SELECT count(*) FROM duckdb_tables()").fetchall()[0][0]


def _check_schema(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Make sure that this release wrote the file, or one with the same schema.

    The version tells releases apart. Names of columns are compared, too, for builds between two
    releases.

    Raises:
        SchemaVersionError: the file is another program's, has another version of the schema, or has
            other columns.
    """
    found = stored_version(connection, path)
    if found != SCHEMA_VERSION:
        raise SchemaVersionError(
            f"{path} has schema version {found}, but this release reads version {SCHEMA_VERSION}; "
            f"{_NEWER_RELEASE if found > SCHEMA_VERSION else _ANOTHER_RELEASE}"
        )
    missing, unknown = _differing_columns(connection)
    if missing or unknown:
        raise SchemaVersionError(
            f"{path} lacks the columns {missing} and has the unknown columns {unknown}; "
            f"{_ANOTHER_RELEASE}"
        )


def stored_version(connection: duckdb.DuckDBPyConnection, path: Path) -> int:
    """Return the schema version of a file.

    Raises:
        SchemaVersionError: another program made it.
    """
    try:
        rows = connection.execute("SELECT version FROM schema_version").fetchall()
    except (duckdb.CatalogException, duckdb.BinderException):
        rows = []
    if len(rows) != 1 or type(rows[0][0]) is not int:
        raise SchemaVersionError(
            f"{path} was not made by this project; choose another home with --home or INSIGHT_HOME"
        )
    return rows[0][0]


def _differing_columns(connection: duckdb.DuckDBPyConnection) -> tuple[list[str], list[str]]:
    """Return columns that the file lacks, and columns of our tables that this release lacks.

    Tables of vectors that have no rows yet do not exist, and lack nothing.
    """
    sql = "SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal"
    stored = connection.execute(sql).fetchall()
    found, existing = set(stored), {table for table, _ in stored}
    declared = {
        (table.name, name)
        for table in TABLES
        if table.name in existing or not has_dimension(table)
        for name in table.column_names
    }
    ours = {table.name for table in TABLES}
    return (
        [".".join(each) for each in sorted(declared - found)],
        [".".join(each) for each in sorted(found - declared) if each[0] in ours],
    )


def _create_schema(connection: duckdb.DuckDBPyConnection, *, read_only: bool) -> None:
    """Create every table except those of vectors, whose dimension is known at their first rows."""
    if read_only:  # a run was killed after it created the file; the next write creates the tables
        return
    connection.execute("BEGIN")
    connection.execute("CREATE TABLE schema_version (version INTEGER PRIMARY KEY)")
    connection.execute("INSERT INTO schema_version VALUES (?)", [SCHEMA_VERSION])
    for table in TABLES:
        if not has_dimension(table):
            _create(connection, table, dimension=0)
    begin_sequence(connection)
    connection.execute("COMMIT")


def exists(connection: duckdb.DuckDBPyConnection, table: Table) -> bool:
    """Return whether the table has been created."""
    # Without a parameter: DuckDB imports pandas to look at one.
    sql = f"SELECT count(*) FROM duckdb_tables() WHERE table_name = {literal(table.name)}"  # noqa: S608
    return bool(connection.execute(sql).fetchall()[0][0])


def empty_rows(table: Table) -> pa.Table:
    """Return a table without rows, with the Arrow types of the columns (vectors of length 1)."""
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
    """Return whether the table holds vectors, whose length is that of its first rows."""
    return any("{dimension}" in column.sql_type for column in table.columns)


def ensure_dimension(connection: duckdb.DuckDBPyConnection, table: Table, rows: pa.Table) -> None:
    """Create a table of vectors for its first rows, and refuse rows of another dimension.

    Raises:
        DatabaseError: the table holds vectors of another dimension.
    """
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
            f"{table.name} holds vectors of type {stored}, but this model returns {dimension} "
            "numbers; one home keeps one architecture and one second embedding: choose a new home "
            "with --home or INSIGHT_HOME"
        )


def _create(connection: duckdb.DuckDBPyConnection, table: Table, *, dimension: int) -> None:
    columns = ", ".join(
        f"{column.name} {column.sql_type.format(dimension=dimension)}"
        f"{'' if column.nullable else ' NOT NULL'}"
        for column in table.columns
    )
    key = ", ".join(table.key)
    connection.execute(f"CREATE TABLE IF NOT EXISTS {table.name} ({columns}, PRIMARY KEY ({key}))")
    connection.execute(f"COMMENT ON TABLE {table.name} IS {literal(table.description)}")
    for column in table.columns:
        name = f"{table.name}.{column.name}"
        connection.execute(f"COMMENT ON COLUMN {name} IS {literal(column.comment)}")
