"""Numbers of writes: what is newest is told by them, times are only for people.

A clock can be set back; a count that is taken inside the transaction of a writer, of which there is
one at a time, only grows.
"""

from __future__ import annotations

import duckdb

from insight_dagster.tables import LAST_WRITE
from insight_dagster.tables.clock import timestamp_now

_BEGIN = f"INSERT INTO {LAST_WRITE.name} VALUES (0, $1, $1)"  # noqa: S608
_NEXT = f"""
    UPDATE {LAST_WRITE.name}
    SET sequence = sequence + 1, written_at = $1, latest_at = greatest(latest_at, $1)
    RETURNING sequence"""  # noqa: S608


def begin_sequence(connection: duckdb.DuckDBPyConnection) -> None:
    """Write the row that counts, in a new database."""
    connection.execute(_BEGIN, [timestamp_now()])


def next_number(connection: duckdb.DuckDBPyConnection) -> int:
    """Return a number larger than every one before it; it is lost if the transaction fails."""
    return int(connection.execute(_NEXT, [timestamp_now()]).fetchall()[0][0])
