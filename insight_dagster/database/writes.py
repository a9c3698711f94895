"""Writes to the DuckDB file: each kind is a value that holds its rows and runs its statements.

Statements that change rows belong here; connections and transactions (`connection`) and
statements that create tables (`schema`) do not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import duckdb
import pyarrow as pa

from insight_dagster.database.schema import ensure_dimension, exists, has_dimension
from insight_dagster.database.write_sequence import next_number
from insight_dagster.errors import DatabaseError, Unreadable
from insight_dagster.tables import TABLES
from insight_dagster.tables.columns import Table
from insight_dagster.tables.identity import SEQUENCE
from insight_dagster.tables.status import IS_USABLE, ClipStatus


class Write(Protocol):
    """A change of rows, applied inside a transaction."""

    def apply(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Run the statements."""
        ...


@dataclass(frozen=True)
class ReplacePartition:
    """New rows for one partition of a table: a class, a latent space or a baseline."""

    table: Table
    rows: pa.Table
    partition: str

    def __post_init__(self) -> None:
        check_columns(self.table, self.rows)

    def apply(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Delete the rows of the partition and insert the new ones."""
        if not _ready(connection, self.table, self.rows):
            return
        where = f"WHERE {self.table.partition_column} = ?"
        connection.execute(f"DELETE FROM {self.table.name} {where}", [self.partition])  # noqa: S608
        _insert(connection, self.table, self.rows)


@dataclass(frozen=True)
class MergeRows:
    """Rows measured for a class, merged with the manifest as it is at the moment of writing.

    Another run may have changed the manifest since it was read. Rows of clips that are no longer
    usable clips of the class are deleted and rows that were added meanwhile are kept, so that two
    runs of one class can end in any order. The row of a clip that now has another label moves to
    its new class and need not be computed again; its columns that depend on the label are null
    until that class is materialized.

    Attributes:
        table: the table, which has `clip_id` as its key and a column `content_key`.
        rows: rows of the class's usable clips.
        class_name: the class.
        of_label: nullable columns that depend on the label.
    """

    table: Table
    rows: pa.Table
    class_name: str
    of_label: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_columns(self.table, self.rows)

    def apply(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Insert or replace the rows, delete those of clips that are gone, keep the others."""
        if not _ready(connection, self.table, self.rows):
            return
        present = f"""(SELECT clip_id FROM clip_manifest
                       WHERE class_name = $class AND {IS_USABLE})"""  # noqa: S608
        self._move_relabelled(connection, present)
        connection.register("incoming", self.rows)
        connection.execute(
            f"""DELETE FROM {self.table.name} WHERE class_name = $class AND (
                clip_id NOT IN {present} OR clip_id IN (SELECT clip_id FROM incoming))""",  # noqa: S608
            {"class": self.class_name},
        )
        connection.execute(
            f"""INSERT INTO {self.table.name} BY NAME
                SELECT * FROM incoming WHERE clip_id IN {present}""",  # noqa: S608
            {"class": self.class_name},
        )
        connection.unregister("incoming")

    def _move_relabelled(self, connection: duckdb.DuckDBPyConnection, present: str) -> None:
        name = self.table.name
        unknown = "".join(f", NULL AS {column}" for column in self.of_label)
        connection.execute(
            f"""INSERT INTO {name}
                SELECT DISTINCT ON (m.clip_id)
                    old.* REPLACE (m.clip_id AS clip_id, m.class_name AS class_name {unknown})
                FROM {name} old JOIN clip_manifest m USING (content_key)
                WHERE old.class_name = $class AND old.clip_id NOT IN {present}
                  AND m.class_name <> $class AND m.{IS_USABLE}
                  AND m.clip_id NOT IN (SELECT clip_id FROM {name})""",  # noqa: S608
            {"class": self.class_name},
        )


@dataclass(frozen=True)
class QuarantineClips:
    """Clips that a step could not decode, to be marked in the manifest.

    Attributes:
        problems: what is wrong with a clip, by clip id.
    """

    problems: Mapping[str, Unreadable]

    def apply(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Mark the clips' rows as quarantined, with the problem."""
        sql = "UPDATE clip_manifest SET status = ?, problem = ?, fault = ? WHERE clip_id = ?"
        for clip_id, problem in self.problems.items():
            values = [ClipStatus.QUARANTINED, problem.reason, problem.fault, clip_id]
            connection.execute(sql, values)


@dataclass(frozen=True)
class ReplaceTable:
    """All rows of a table, with the numbers of the writes that made them."""

    table: Table
    rows: pa.Table

    def __post_init__(self) -> None:
        check_columns(self.table, self.rows)

    def apply(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Delete every row and insert these."""
        connection.execute(f"DELETE FROM {self.table.name}")  # noqa: S608
        connection.register("incoming", self.rows)
        connection.execute(f"INSERT INTO {self.table.name} BY NAME SELECT * FROM incoming")  # noqa: S608
        connection.unregister("incoming")


@dataclass(frozen=True)
class Upsert:
    """Rows that replace those with the same primary keys, or are added."""

    table: Table
    rows: pa.Table

    def __post_init__(self) -> None:
        check_columns(self.table, self.rows)

    def apply(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Delete the rows with the same keys and insert the new ones."""
        key = ", ".join(self.table.key)
        connection.register("incoming", self.rows)
        connection.execute(
            f"DELETE FROM {self.table.name} WHERE ({key}) IN (SELECT ({key}) FROM incoming)"  # noqa: S608
        )
        connection.unregister("incoming")
        _insert(connection, self.table, self.rows)


@dataclass(frozen=True)
class Deletion:
    """Rows to delete: those whose columns hold these values."""

    table: Table
    values: Mapping[str, str]

    def __post_init__(self) -> None:
        if not self.values:
            raise DatabaseError(f"a deletion from {self.table.name} needs columns to delete by")
        unknown = set(self.values) - set(self.table.column_names)
        if unknown:
            raise DatabaseError(f"{self.table.name} has no columns {sorted(unknown)}")

    def apply(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Delete the rows, if there are any."""
        if not exists(connection, self.table):
            return
        where = " AND ".join(f"{name} = ?" for name in self.values)
        connection.execute(f"DELETE FROM {self.table.name} WHERE {where}", [*self.values.values()])  # noqa: S608


def forget_class(class_name: str) -> tuple[Deletion, ...]:
    """Return the writes that delete every row of a class from every table."""
    return tuple(
        Deletion(table, {"class_name": class_name})
        for table in TABLES
        if "class_name" in table.column_names
    )


def check_columns(table: Table, rows: pa.Table) -> None:
    """Make sure that rows have exactly the columns of the table.

    Raises:
        DatabaseError: columns are missing or unknown; the message names them.
    """
    missing = set(table.column_names) - set(rows.column_names)
    unknown = set(rows.column_names) - set(table.column_names)
    if missing or unknown:
        raise DatabaseError(
            f"rows for {table.name} lack {sorted(missing)} and have unknown columns "
            f"{sorted(unknown)}; columns are defined in insight_dagster/tables"
        )


def _ready(connection: duckdb.DuckDBPyConnection, table: Table, rows: pa.Table) -> bool:
    """Return whether the table exists; a table of vectors is created for its first rows."""
    if has_dimension(table):
        ensure_dimension(connection, table, rows)
        return exists(connection, table)
    return True


def _insert(connection: duckdb.DuckDBPyConnection, table: Table, rows: pa.Table) -> None:
    """Insert rows; of a numbered table, those without a number get the next one."""
    if not rows.num_rows:
        return
    chosen = "*"
    if SEQUENCE.name in table.column_names:
        number = next_number(connection)
        chosen = f"* REPLACE (coalesce({SEQUENCE.name}, {number}) AS {SEQUENCE.name})"
    connection.register("incoming", rows)
    connection.execute(f"INSERT INTO {table.name} BY NAME SELECT {chosen} FROM incoming")  # noqa: S608
    connection.unregister("incoming")
