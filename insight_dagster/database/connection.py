"""The DuckDB file: short connections, one transaction per write, Arrow in and out.

Connections, reading and transactions belong here; what is written (`writes`), the schema
(`schema`) and its columns (`insight_dagster.tables`) do not, nor does anything that computes.

DuckDB lets one process write, or several read, but not both at a time. So a connection lasts for
one batch of statements, and processes wait for each other with the locks of `file_locks`. A reader
releases its lock as soon as the file is open.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.dataset  # otherwise DuckDB imports it with its first table, while the file is held
from filelock import Timeout

from insight_dagster.database.file_locks import has_readers, hold_lock, mark_reader
from insight_dagster.database.schema import check_schema, create_schema, empty_rows, exists, is_new
from insight_dagster.database.writes import Write
from insight_dagster.errors import DatabaseBusyError, DatabaseError
from insight_dagster.tables import TABLES
from insight_dagster.tables.columns import Table

_BY_NAME = {table.name: table for table in TABLES}
_RETRY_SECONDS, _PATIENCE_SECONDS = 0.05, 0.3
# A checkpoint rewrites whole row groups, and rows with a vector are wide: with DuckDB's default of
# 122,880 rows in a group, the time to write one class would grow with the whole library.
_ROW_GROUP = 2048
# For the few rows of a class, a second thread costs more than it saves, and so does the search for
# the best compression, which makes a file of vectors a sixth smaller.
_Options = dict[str, str | bool | int | float | list[str]]
_READER: _Options = {}
_WRITER: _Options = {"threads": 1, "force_compression": "uncompressed"}
_HELD_MESSAGES = ("Could not set lock", "different configuration", "Unique file handle conflict")


@dataclass(frozen=True)
class Database:
    """One DuckDB file.

    Args:
        path: the file; it and its folder are created when first used.
        lock_timeout_seconds: longest wait for other processes, then `DatabaseBusyError`.
    """

    path: Path
    lock_timeout_seconds: float = 120.0

    def read(self, sql: str, parameters: Sequence[Any] = ()) -> pa.Table:
        """Return the rows of a query, which cannot change the database.

        Raises:
            DatabaseError: the file cannot be opened or the query fails.
        """
        self._ensure_file()
        with self._connection(read_only=True) as connection:
            return _run(connection, sql, parameters)

    def read_together(
        self, queries: Mapping[str, tuple[str, Sequence[Any]]]
    ) -> dict[str, pa.Table]:
        """Return the rows of several queries by name, all of the same state of the database.

        Raises:
            DatabaseError: the file cannot be opened or a query fails.
        """
        self._ensure_file()
        with self._connection(read_only=True) as connection:
            return {
                name: _run(connection, sql, parameters)
                for name, (sql, parameters) in queries.items()
            }

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
        with self._connection(read_only=False) as connection:
            _apply(connection, writes)

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
        # Others wait while the lock is held: what can be done without the file is done first.
        spill: _Options = {"temp_directory": f"{self.path}.tmp"}
        connection = duckdb.connect(config=spill | (_READER if read_only else _WRITER))
        with ExitStack() as opened, ExitStack() as held:
            try:
                self._open(connection, held, opened, read_only=read_only)
                if read_only:
                    held.close()
                if is_new(connection):
                    create_schema(connection, read_only=read_only)
                else:
                    check_schema(connection, self.path)
                yield connection
            except Timeout as problem:
                raise self._busy() from problem
            except duckdb.Error as problem:
                raise DatabaseError(f"{self.path}: {_first_line(problem)}") from problem
            finally:
                connection.close()

    def _open(
        self,
        connection: duckdb.DuckDBPyConnection,
        held: ExitStack,
        opened: ExitStack,
        *,
        read_only: bool,
    ) -> None:
        """Attach the file under the lock.

        A writer that waits for readers keeps the lock, so that no other writer overtakes it. A
        program without our locks, such as a shell or a notebook, may hold the file for long: the
        writer then releases the lock from time to time, for readers that can share the file.

        Args:
            connection: that the file is attached to.
            held: closing it releases the lock.
            opened: closing it ends what marks a reader.
            read_only: whether the file is opened for reading.
        """
        deadline = time.monotonic() + self.lock_timeout_seconds
        while True:
            left = max(deadline - time.monotonic(), 0)
            held.enter_context(hold_lock(self.path, read_only=read_only, seconds=left))
            if read_only:
                opened.enter_context(mark_reader(self.path))
            problem = self._attach(connection, read_only=read_only)
            while problem and not read_only and has_readers(self.path):
                if time.monotonic() > deadline:
                    raise self._busy() from problem
                problem = self._attach(connection, read_only=read_only)
            if problem is None:
                return
            opened.close()
            held.close()
            if time.monotonic() > deadline:
                raise self._busy() from problem
            time.sleep(_RETRY_SECONDS)

    def _attach(
        self, connection: duckdb.DuckDBPyConnection, *, read_only: bool
    ) -> duckdb.Error | None:
        """Try to attach the file for a moment; return the error if another process holds it.

        Raises:
            DatabaseError: the file cannot be opened for a reason that waiting does not change.
        """
        path = str(self.path).replace("'", "''")
        how = "READ_ONLY" if read_only else f"ROW_GROUP_SIZE {_ROW_GROUP}"
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                connection.execute(f"ATTACH '{path}' AS held ({how})")
                connection.execute("USE held")
            except duckdb.Error as problem:
                if not _is_held(problem):
                    raise DatabaseError(f"{self.path}: {_first_line(problem)}") from problem
                if time.monotonic() > deadline:
                    return problem
            else:
                return None
            time.sleep(_RETRY_SECONDS)

    def _busy(self) -> DatabaseBusyError:
        return DatabaseBusyError(
            f"{self.path} is held by another program and was not released within "
            f"{self.lock_timeout_seconds:g} s; close it there, or raise "
            "INSIGHT_LOCK_TIMEOUT_SECONDS"
        )


def _is_held(problem: duckdb.Error) -> bool:
    """Return whether another process, or another thread of this one, has the file open."""
    text = str(problem)
    return any(message in text for message in _HELD_MESSAGES)


def _run(connection: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[Any]) -> pa.Table:
    return connection.execute(sql, list(parameters)).to_arrow_table()


def _first_line(problem: Exception) -> str:
    return str(problem).splitlines()[0]


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
