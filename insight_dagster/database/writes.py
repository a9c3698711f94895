"""What can be written to the DuckDB file: each kind of write is a value that knows its statements.

Statements that change rows belong here; connections and transactions (`database.py`) and
statements that define tables (`schema.py`) do not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import duckdb
import pyarrow as pa

from insight_dagster.database.schema import ensure_dimension, exists, has_dimension
from insight_dagster.errors import DatabaseError
from insight_dagster.tables import TABLES
from insight_dagster.tables.columns import Table
from insight_dagster.tables.status import IS_USABLE, ClipStatus


class Write(Protocol):
    """A change of rows, applied inside a transaction."""

    def apply(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Run the statements."""
        ...


@dataclass(frozen=True)
class ReplacePartition:
    """New rows of one partition of one table: a class, a latent space, a baseline."""

    table: Table
    rows: pa.Table
    partition: str

    def __post_init__(self) -> None:
        check_columns(self.table, self.rows)

    def apply(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Delete the partition's rows, insert the new ones."""
        if not _ready(connection, self.table, self.rows):
            return
        where = f"WHERE {self.table.partition_column} = ?"
        connection.execute(f"DELETE FROM {self.table.name} {where}", [self.partition])  # noqa: S608
        _insert(connection, self.table, self.rows)


@dataclass(frozen=True)
class MergeRows:
    """Measured rows of a class, brought in line with the manifest of the moment of writing.

    Between reading the manifest and writing, another run may have changed it. Rows of clips that
    are no longer usable clips of the class are dropped, rows that came meanwhile are kept: two
    runs of one class can end in any order. A clip that is now labelled with another class takes its
    row along, so that it is not computed again; what depends on the label becomes unknown there
    until that class is materialized.

    Attributes:
        table: keyed by `clip_id`, with a `content_key`.
        rows: of the class's usable clips.
        class_name: the class.
        of_label: columns that depend on the label; they can be null.
    """

    table: Table
    rows: pa.Table
    class_name: str
    of_label: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_columns(self.table, self.rows)

    def apply(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Replace the rows given, drop those of clips that are gone, keep the rest."""
        if not _ready(connection, self.table, self.rows):
            return
        present = f"""(SELECT clip_id FROM clip_manifest
                       WHERE class_name = $class AND {IS_USABLE})"""  # noqa: S608
        self._hand_over(connection, present)
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

    def _hand_over(self, connection: duckdb.DuckDBPyConnection, present: str) -> None:
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
    """Clips that a later step could not decode: their manifest rows say so from now on."""

    problems: Mapping[str, str]

    def apply(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Mark the rows."""
        sql = "UPDATE clip_manifest SET status = ?, problem = ? WHERE clip_id = ?"
        for clip_id, problem in self.problems.items():
            connection.execute(sql, [ClipStatus.QUARANTINED, problem, clip_id])


@dataclass(frozen=True)
class Upsert:
    """Single rows, each in place of the one with its primary key."""

    table: Table
    rows: pa.Table

    def __post_init__(self) -> None:
        check_columns(self.table, self.rows)

    def apply(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Delete the rows of the same keys, insert these."""
        key = ", ".join(self.table.key)
        connection.register("incoming", self.rows)
        connection.execute(
            f"DELETE FROM {self.table.name} WHERE ({key}) IN (SELECT ({key}) FROM incoming)"  # noqa: S608
        )
        connection.unregister("incoming")
        _insert(connection, self.table, self.rows)


@dataclass(frozen=True)
class Deletion:
    """Rows to delete: those whose columns hold the values given."""

    table: Table
    values: Mapping[str, str]

    def __post_init__(self) -> None:
        unknown = set(self.values) - set(self.table.column_names)
        if unknown or not self.values:
            raise DatabaseError(f"{self.table.name} has no columns {sorted(unknown)} to delete by")

    def apply(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Delete them; none is fine."""
        if not exists(connection, self.table):
            return
        where = " AND ".join(f"{name} = ?" for name in self.values)
        connection.execute(f"DELETE FROM {self.table.name} WHERE {where}", [*self.values.values()])  # noqa: S608


def forget_class(class_name: str) -> tuple[Deletion, ...]:
    """Every row of a class in every table."""
    return tuple(
        Deletion(table, {"class_name": class_name})
        for table in TABLES
        if "class_name" in table.column_names
    )


def check_columns(table: Table, rows: pa.Table) -> None:
    """Refuse rows whose columns are not the table's.

    Raises:
        DatabaseError: names what is missing and what is unknown.
    """
    missing = set(table.column_names) - set(rows.column_names)
    unknown = set(rows.column_names) - set(table.column_names)
    if missing or unknown:
        raise DatabaseError(
            f"rows for {table.name} lack {sorted(missing)} and have unknown columns "
            f"{sorted(unknown)}; columns are defined in insight_dagster/tables"
        )


def _ready(connection: duckdb.DuckDBPyConnection, table: Table, rows: pa.Table) -> bool:
    """Whether the table is there; a table of vectors is made at its first rows."""
    if has_dimension(table):
        ensure_dimension(connection, table, rows)
        return exists(connection, table)
    return True


def _insert(connection: duckdb.DuckDBPyConnection, table: Table, rows: pa.Table) -> None:
    if rows.num_rows:
        connection.register("incoming", rows)
        connection.execute(f"INSERT INTO {table.name} BY NAME SELECT * FROM incoming")  # noqa: S608
        connection.unregister("incoming")
