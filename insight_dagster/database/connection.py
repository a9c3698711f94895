"""The DuckDB file: short connections, one transaction per write, Arrow in and out.

Connections, reading and transactions belong here; what is written (`writes.py`), the schema
(`schema.py`) and its columns (`tables/`) do not, nor does anything that computes.

One process writes at a time, and nobody reads while it does: that is DuckDB's rule. A connection is
held for one statement batch only; `turns.py` says whose turn it is. A reader gives its turn back as
soon as the file is open.
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
import pyarrow.dataset  # or DuckDB imports it at its first table, while the file is held
from filelock import Timeout

from insight_dagster.database.file_locks import has_readers, reading, turn
from insight_dagster.database.schema import check_version, create_schema, empty_rows, exists, is_new
from insight_dagster.database.writes import Write
from insight_dagster.errors import DatabaseBusyError, DatabaseError
from insight_dagster.tables import TABLES
from insight_dagster.tables.columns import Table

_BY_NAME = {table.name: table for table in TABLES}
_RETRY_SECONDS, _PATIENCE_SECONDS = 0.05, 0.3
# A checkpoint writes whole row groups again, and a vector's row is wide: by DuckDB's default of
# 122,880 rows to a group, the time that one class's write takes grows with the whole library.
_ROW_GROUP = 2048
# For the few rows of a class a second thread costs more than it does, and so does the search for
# the best compression, which saves a sixth of a file of vectors.
_Options = dict[str, str | bool | int | float | list[str]]
_READER: _Options = {}
_WRITER: _Options = {"threads": 1, "force_compression": "uncompressed"}
_HELD = ("Could not set lock", "different configuration", "Unique file handle conflict")


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

    def read_together(
        self, queries: Mapping[str, tuple[str, Sequence[Any]]]
    ) -> dict[str, pa.Table]:
        """Rows of several queries by name, all of the same state of the database.

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

    def write(self, *writes: Write) -> None:
        """Apply writes in one transaction: all of them, or nothing.

        Raises:
            DatabaseError: a row breaks its table's schema, or the disk is full; nothing is
                written then.
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
                f"cannot make the folder {self.path.parent} ({problem.strerror}); "
                "choose a writable home with --home or INSIGHT_HOME"
            ) from problem
        with self._connection(read_only=False):
            pass

    @contextmanager
    def _connection(self, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
        # Others wait from the turn on: what can be done without the file is done before it.
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
                    check_version(connection, self.path)
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
        """Attach the file in a turn of its own, which `held` gives back; `opened` after all else.

        A writer waits for readers in its turn, so that no other comes before it. Someone who takes
        no turns may have the file for long, a shell or a notebook: then it gives its turn up from
        time to time, for readers who can share the file with them.
        """
        deadline = time.monotonic() + self.lock_timeout_seconds
        while True:
            left = max(deadline - time.monotonic(), 0)
            held.enter_context(turn(self.path, read_only=read_only, seconds=left))
            if read_only:
                opened.enter_context(reading(self.path))
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
        """Try for some moments; what is in the way is returned.

        Raises:
            DatabaseError: the file cannot be opened, however long one waits.
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
            f"{self.path} is held by another program for more than {self.lock_timeout_seconds:g} s;"
            " close it there, or raise INSIGHT_LOCK_TIMEOUT_SECONDS"
        )


def _is_held(problem: duckdb.Error) -> bool:
    """Whether another process, or another thread of this one, has the file open."""
    text = str(problem)
    return any(sign in text for sign in _HELD)


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
        # A commit that failed (a full disk) has ended the transaction by itself.
        with suppress(duckdb.TransactionException):
            connection.execute("ROLLBACK")
        raise


def table_named(name: str) -> Table:
    """The definition of a table.

    Raises:
        DatabaseError: there is no such table.
    """
    if name not in _BY_NAME:
        raise DatabaseError(f"no table {name!r}; tables are {', '.join(_BY_NAME)}")
    return _BY_NAME[name]
