"""Reading a database whose schema is not this release's."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import duckdb
import pyarrow as pa

from insight_dagster.database.opening import error_of, open_file
from insight_dagster.database.schema import stored_version


def read_other_release(
    path: Path, names: Iterable[str], *, seconds: float
) -> tuple[int, dict[str, pa.Table]]:
    """Return the schema version of a database, and the rows of some tables with their columns.

    Args:
        path: the file; it is not changed.
        names: of tables; those that the file does not have are left out.
        seconds: longest wait for other processes.

    Raises:
        SchemaVersionError: another project made the file.
        DatabaseError: it cannot be opened, or is damaged.
    """
    try:
        with open_file(path, read_only=True, seconds=seconds) as connection:
            version = stored_version(connection, path)
            sql = "SELECT table_name FROM duckdb_tables() WHERE database_name = 'held'"
            stored = {name for (name,) in connection.execute(sql).fetchall()}
            rows = {
                name: connection.execute(f"SELECT * FROM {name}").to_arrow_table()  # noqa: S608
                for name in names
                if name in stored
            }
    except duckdb.Error as problem:
        raise error_of(path, problem) from problem
    return version, rows
