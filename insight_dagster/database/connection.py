"""The DuckDB file: short connections, one transaction per write, Arrow in and out.

Reading and transactions belong here; opening the file (`opening`), what is written (`writes`), the
schema (`schema`) and its columns (`insight_dagster.tables`) do not, nor does anything that
computes.

DuckDB lets one process write, or several read, but not both at a time. So a connection lasts for
one batch of statements.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from insight_dagster.database.damage import ensure_intact, ensure_not_lost
from insight_dagster.database.opening import error_of, is_held, keep_closed, open_file
from insight_dagster.database.schema import empty_rows, ensure_schema, exists
from insight_dagster.database.writes import Write
from insight_dagster.errors import DatabaseError
from insight_dagster.files.interruption import uninterrupted
from insight_dagster.tables import TABLES
from insight_dagster.tables.columns import Table

_BY_NAME = {table.name: table for table in TABLES}


@dataclass(frozen=True)
class Database:
    """One DuckDB file.

    Args:
        path: the file; it and its folder are created when first used.
        lock_timeout_seconds: longest wait for other processes, of all attempts of this process
            together until one succeeds; then `DatabaseBusyError`.
    """

    path: Path
    lock_timeout_seconds: float = 120.0
    _shared: duckdb.DuckDBPyConnection | None = field(default=None, repr=False, compare=False)

    @contextmanager
    def snapshot(self) -> Iterator[Database]:
        """Yield the database for several reads of one state, over one connection.

        Opening the file takes longer than most reads. Writers wait until the context ends.

        Raises:
            DatabaseError: the file cannot be opened.
        """
        self._ensure_file()
        with self._connection(read_only=True) as connection:
            yield replace(self, _shared=connection)

    def read(self, sql: str, parameters: Sequence[Any] = ()) -> pa.Table:
        """Return the rows of a query, which cannot change the database.

        Raises:
            DatabaseError: the file cannot be opened or the query fails.
        """
        self._ensure_file()
        with self._connection(read_only=True) as connection:
            return _run(connection, sql, parameters)

    def rows(self, table: Table, class_name: str | None = None) -> pa.Table:
        """Return the rows of a table, of one class or of all, in primary-key order."""
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
        """Return stored results for the contents of a class's clips, whatever class they are in.

        Args:
            table: results of clips, with a `content_key`.
            class_name: the class whose clips are looked up.
            column: column that holds the version of a result.
            version: version that the results must have.
        """
        if not self.has_rows(table.name):
            return empty_rows(table)
        sql = f"""
            SELECT DISTINCT ON (content_key) * FROM {table.name}
            WHERE {column} = ? AND content_key IN (
                SELECT content_key FROM clip_manifest WHERE class_name = ?)
            ORDER BY content_key, clip_id"""  # noqa: S608
        return self.read(sql, [version, class_name])

    def of_model(self, table: Table, fingerprint: str) -> pa.Table:
        """Return the rows of every class that were made by one model, in primary-key order."""
        if not self.has_rows(table.name):
            return empty_rows(table)
        order = ", ".join(table.key)
        sql = f"SELECT * FROM {table.name} WHERE model_fingerprint = ? ORDER BY {order}"  # noqa: S608
        return self.read(sql, [fingerprint])

    def has_rows(self, name: str) -> bool:
        """Return whether the table of that name exists and has rows."""
        self._ensure_file()
        with self._connection(read_only=True) as connection:
            if not exists(connection, table_named(name)):
                return False
            sql = f"SELECT 1 FROM {name} LIMIT 1"  # noqa: S608
            return bool(connection.execute(sql).fetchall())

    def write(self, *writes: Write) -> None:
        """Apply writes in one transaction: all of them, or nothing.

        Raises:
            DatabaseError: a row does not fit its table's schema, or the disk is full; nothing
                was written.
        """
        self._ensure_file()
        with self._connection(read_only=False) as connection, uninterrupted():
            _apply(connection, writes)

    def check_file(self) -> None:
        """Make sure that no byte of the closed file has changed unnoticed, and record all of it.

        Opening the file trusts the system's times of modification; this reads it, which takes 0.4 s
        for 500 MB. Runs do it at their beginning and end.

        Raises:
            DamagedDatabaseError: the file is damaged or lost.
        """
        if not self.path.exists():
            ensure_not_lost(self.path)
            return
        with keep_closed(self.path, seconds=self.lock_timeout_seconds):
            try:
                ensure_intact(self.path, whole=True)
            except duckdb.Error as problem:
                if not is_held(problem):  # else it is checked when it can be opened
                    raise error_of(self.path, problem) from problem

    def _ensure_file(self) -> None:
        if self.path.exists():
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise DatabaseError(
                f"cannot create the folder {self.path.parent} ({problem.strerror}); "
                "choose a writable home with --home or INSIGHT_HOME"
            ) from problem
        with self._connection(read_only=False):
            pass

    @contextmanager
    def _connection(self, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
        if read_only and self._shared is not None:
            yield self._shared
            return
        seconds = self.lock_timeout_seconds
        if not read_only:
            # DuckDB imports it with the first table that it scans; not while the file is held.
            import pyarrow.dataset  # noqa: F401
        try:
            with open_file(self.path, read_only=read_only, seconds=seconds) as connection:
                ensure_schema(connection, self.path, read_only=read_only)
                yield connection
        except duckdb.Error as problem:
            raise error_of(self.path, problem) from problem
        except RuntimeError as problem:
            if isinstance(problem.__cause__, Exception | None):
                raise
            # The exception of a signal's handler, which DuckDB renames, is no failed query.
            raise problem.__cause__ from problem


def _run(connection: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[Any]) -> pa.Table:
    return connection.execute(sql, list(parameters)).to_arrow_table()


def _apply(connection: duckdb.DuckDBPyConnection, writes: Sequence[Write]) -> None:
    connection.execute("BEGIN")
    try:
        for write in writes:
            write.apply(connection)
        connection.execute("COMMIT")
    except BaseException:
        # A failed commit (full disk) has already ended the transaction.
        with suppress(duckdb.TransactionException):
            connection.execute("ROLLBACK")
        raise


def table_named(name: str) -> Table:
    """Return the definition of a table.

    Raises:
        DatabaseError: there is no such table.
    """
    if name not in _BY_NAME:
        raise DatabaseError(f"unknown table {name!r}; choose from {', '.join(_BY_NAME)}")
    return _BY_NAME[name]
