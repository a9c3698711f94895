"""Making a database file smaller, as a copy of its rows.

Rows that are written night after night take blocks of their own, and blocks of deleted rows stay
half full: DuckDB does not compact tables that have a primary key.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import duckdb

from insight_dagster.database.clean_close import log_file, record_close, remove_record
from insight_dagster.database.damage import ensure_intact
from insight_dagster.database.opening import ROW_GROUP, error_of, is_held, keep_closed
from insight_dagster.database.quoting import literal
from insight_dagster.errors import DatabaseBusyError, DatabaseError
from insight_dagster.files.atomic import draft_folder, write_atomically
from insight_dagster.files.interruption import uninterrupted

_SMALL = 16 << 20
"""Size in bytes up to which a file is not worth the work."""
_GROWTH = 1.5
_MOST_SECONDS = 10.0


def compact(path: Path, *, seconds: float) -> int:
    """Replace a database file by a compact copy if it has grown by half since the last time.

    A file that another program uses stays as it is: it can be compacted another time. So does one
    with a write-ahead log, which a killed program left for the next writer.

    Args:
        path: the file.
        seconds: longest wait until other processes have closed it, up to 10 s.

    Returns:
        The bytes that were freed.

    Raises:
        DatabaseError: the file is damaged or cannot be copied; it stays as it is.
    """
    size = path.stat().st_size if path.exists() else 0
    if size <= max(_SMALL, _GROWTH * _size_after_last_time(path)) or log_file(path).exists():
        return 0
    try:
        with keep_closed(path, seconds=min(seconds, _MOST_SECONDS)):
            _replace_by_copy(path)
    except DatabaseBusyError:
        return 0
    except duckdb.Error as problem:
        if is_held(problem):
            return 0
        raise error_of(path, problem) from problem
    except OSError as problem:
        raise DatabaseError(f"{path} cannot be compacted ({problem.strerror})") from problem
    return size - path.stat().st_size


def _replace_by_copy(path: Path) -> None:
    ensure_intact(path)
    with draft_folder(path.with_name("compact")) as draft:
        new = draft / path.name
        # While the file is open for reading, no program can open it for writing.
        with closing(duckdb.connect(config={"temp_directory": f"{new}.tmp"})) as connection:
            connection.execute(f"ATTACH {literal(str(path))} AS old (READ_ONLY)")
            _copy(connection, new)
            with uninterrupted():
                remove_record(path)
                new.replace(path)
                record_close(path)
    size = f"{path.stat().st_size}\n"
    write_atomically(_size_file(path), lambda text: text.write_text(size, encoding="utf-8"))


def _copy(connection: duckdb.DuckDBPyConnection, new: Path) -> None:
    """Copy the database `old` to a new file, and make sure that every row is there.

    Raises:
        DatabaseError: a row is not.
    """
    connection.execute(f"ATTACH {literal(str(new))} AS new (ROW_GROUP_SIZE {ROW_GROUP})")
    connection.execute("COPY FROM DATABASE old TO new")
    sql = "SELECT table_name FROM duckdb_tables() WHERE database_name = 'old'"
    for (table,) in connection.execute(sql).fetchall():
        before, after = (
            connection.execute(f"SELECT count(*), sum(hash(t)) FROM {each}.{table} t").fetchall()  # noqa: S608
            for each in ("old", "new")
        )
        if before != after:
            raise DatabaseError(f"a compact copy of the table {table} has other rows")
    connection.execute("DETACH new")


def _size_file(path: Path) -> Path:
    return Path(f"{path}.compacted")


def _size_after_last_time(path: Path) -> int:
    try:
        return int(_size_file(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return 0
