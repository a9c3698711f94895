"""The DuckDB file: short connections, one transaction per write, Arrow in and out.

Connections, reading and writing belong here; the schema (`schema.py`) and its columns (`tables.py`)
do not, nor does anything that computes. A connection is held for one statement batch only, inside a
file lock, so that the processes of a backfill take turns instead of failing on DuckDB's own lock.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from filelock import FileLock, Timeout

from insight_dagster.columns import Table
from insight_dagster.errors import DatabaseBusyError, DatabaseError
from insight_dagster.schema import (
    check_version,
    create_schema,
    empty_rows,
    ensure_dimension,
    exists,
    has_dimension,
    is_new,
)
from insight_dagster.tables import TABLES

_BY_NAME = {table.name: table for table in TABLES}
_RETRY_SECONDS = 0.05


@dataclass(frozen=True)
class Replacement:
    """New rows of one partition of one table: a class, or a latent space."""

    table: Table
    rows: pa.Table
    partition: str

    def __post_init__(self) -> None:
        missing = set(self.table.column_names) - set(self.rows.column_names)
        unknown = set(self.rows.column_names) - set(self.table.column_names)
        if missing or unknown:
            raise DatabaseError(
                f"rows for {self.table.name} lack {sorted(missing)} and have unknown columns "
                f"{sorted(unknown)}; columns are defined in insight_dagster/tables.py"
            )


@dataclass(frozen=True)
class Quarantining:
    """Clips that a later step could not decode: their manifest rows say so from now on."""

    problems: Mapping[str, str]


@dataclass(frozen=True)
class Database:
    """One DuckDB file.

    Args:
        path: the file; it and its folder are made at the first write.
        lock_timeout_seconds: longest wait for another process before `DatabaseBusyError`.
    """

    path: Path
    lock_timeout_seconds: float = 120.0

    def read(self, sql: str, parameters: Sequence[Any] = ()) -> pa.Table:
        """Rows of a query, on a read-only connection.

        Raises:
            DatabaseError: the file cannot be opened or the query fails.
        """
        self._ensure_file()
        with self._connection(read_only=True) as connection:
            return _run(connection, sql, parameters)

    def rows(self, table: Table, class_name: str | None = None) -> pa.Table:
        """Rows of a table (of one class), in primary-key order."""
        order = ", ".join(table.key)
        where, parameters = "", []
        if class_name is not None:
            where, parameters = f"WHERE {table.partition_column} = ?", [class_name]
        self._ensure_file()
        with self._connection(read_only=True) as connection:
            if not exists(connection, table):
                return empty_rows(table)
            sql = f"SELECT * FROM {table.name} {where} ORDER BY {order}"  # noqa: S608
            return _run(connection, sql, parameters)

    def covering(self, table: Table, class_name: str, *, column: str, version: str) -> pa.Table:
        """Rows, of any class, with the contents of a class's clips and the version asked for."""
        if not self.has_rows(table.name):
            return empty_rows(table)
        sql = f"""
            SELECT DISTINCT ON (content_key) * FROM {table.name}
            WHERE {column} = ? AND content_key IN (
                SELECT content_key FROM clip_manifest WHERE class_name = ?)
            ORDER BY content_key, clip_id"""  # noqa: S608
        return self.read(sql, [version, class_name])

    def of_model(self, table: Table, fingerprint: str) -> pa.Table:
        """Rows of every class that one model made, in primary-key order."""
        if not self.has_rows(table.name):
            return empty_rows(table)
        order = ", ".join(table.key)
        sql = f"SELECT * FROM {table.name} WHERE model_fingerprint = ? ORDER BY {order}"  # noqa: S608
        return self.read(sql, [fingerprint])

    def has_rows(self, name: str) -> bool:
        """Whether the table of that name has been made and has rows."""
        self._ensure_file()
        with self._connection(read_only=True) as connection:
            if not exists(connection, table_named(name)):
                return False
            sql = f"SELECT 1 FROM {name} LIMIT 1"  # noqa: S608
            return bool(connection.execute(sql).fetchall())

    def write(self, *writes: Replacement | Quarantining) -> None:
        """Replace partitions and quarantine clips in one transaction: all of it, or nothing.

        Raises:
            DatabaseError: a row breaks its table's schema; nothing is written then.
        """
        self._ensure_file()
        with self._connection(read_only=False) as connection:
            _write(connection, writes)

    def _ensure_file(self) -> None:
        if self.path.exists():
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise DatabaseError(
                f"cannot make the folder {self.path.parent} ({problem.strerror}); "
                "choose a writable home with --home or INSIGHT_HOME"
            ) from problem
        with self._connection(read_only=False):
            pass

    @contextmanager
    def _connection(self, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
        deadline = time.monotonic() + self.lock_timeout_seconds
        with self._file_lock():
            connection = self._open(read_only=read_only, deadline=deadline)
            try:
                if is_new(connection):
                    create_schema(connection, read_only=read_only)
                else:
                    check_version(connection, self.path)
                yield connection
            except duckdb.Error as problem:
                raise DatabaseError(f"{self.path}: {_first_line(problem)}") from problem
            finally:
                connection.close()

    @contextmanager
    def _file_lock(self) -> Iterator[None]:
        lock = FileLock(f"{self.path}.lock", timeout=self.lock_timeout_seconds)
        try:
            lock.acquire()
        except Timeout as problem:
            raise self._busy() from problem
        except OSError as problem:
            raise DatabaseError(
                f"cannot write {self.path}.lock ({problem.strerror}); make the home writable"
            ) from problem
        try:
            yield
        finally:
            lock.release()

    def _open(self, *, read_only: bool, deadline: float) -> duckdb.DuckDBPyConnection:
        """Open the file, waiting for programs that do not know our lock (a shell, a notebook)."""
        while True:
            try:
                return duckdb.connect(self.path, read_only=read_only)
            except duckdb.IOException as problem:
                if "Could not set lock" not in str(problem):
                    raise DatabaseError(f"{self.path}: {_first_line(problem)}") from problem
                if time.monotonic() > deadline:
                    raise self._busy() from problem
            except duckdb.Error as problem:
                raise DatabaseError(f"{self.path}: {_first_line(problem)}") from problem
            time.sleep(_RETRY_SECONDS)

    def _busy(self) -> DatabaseBusyError:
        return DatabaseBusyError(
            f"{self.path} is held by another program for more than {self.lock_timeout_seconds:g} s;"
            " close it there, or raise INSIGHT_LOCK_TIMEOUT_SECONDS"
        )


def _run(connection: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[Any]) -> pa.Table:
    return connection.execute(sql, list(parameters)).to_arrow_table()


def _first_line(problem: Exception) -> str:
    return str(problem).splitlines()[0]


def _write(
    connection: duckdb.DuckDBPyConnection, writes: Sequence[Replacement | Quarantining]
) -> None:
    connection.execute("BEGIN")
    try:
        for write in writes:
            if isinstance(write, Quarantining):
                _quarantine(connection, write.problems)
            else:
                _replace_partition(connection, write)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _quarantine(connection: duckdb.DuckDBPyConnection, problems: Mapping[str, str]) -> None:
    sql = "UPDATE clip_manifest SET status = 'quarantined', problem = ? WHERE clip_id = ?"
    for clip_id, problem in problems.items():
        connection.execute(sql, [problem, clip_id])


def _replace_partition(connection: duckdb.DuckDBPyConnection, replacement: Replacement) -> None:
    table, rows = replacement.table, replacement.rows
    if has_dimension(table):
        ensure_dimension(connection, table, rows)
        if not exists(connection, table):
            return
    where = f"WHERE {table.partition_column} = ?"
    connection.execute(f"DELETE FROM {table.name} {where}", [replacement.partition])  # noqa: S608
    if rows.num_rows:
        connection.register("incoming", rows)
        connection.execute(f"INSERT INTO {table.name} BY NAME SELECT * FROM incoming")  # noqa: S608
        connection.unregister("incoming")


def table_named(name: str) -> Table:
    """The definition of a table.

    Raises:
        DatabaseError: there is no such table.
    """
    if name not in _BY_NAME:
        raise DatabaseError(f"no table {name!r}; tables are {', '.join(_BY_NAME)}")
    return _BY_NAME[name]
