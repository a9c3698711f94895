"""SQL conditions of users, run where they can read the clips' columns and nothing else.

Running a condition belongs here; the settings that hold it (`settings.filter_settings`) and what
it is used for (`populations`, contrasts) do not.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import numpy as np
import pyarrow as pa

from insight_dagster.errors import SettingsError

_ORDER = "row_in_table"
_SANDBOX = (
    "SET threads = 1",
    "SET memory_limit = '1GB'",
    "SET max_temp_directory_size = '0B'",
    "SET python_enable_replacements = false",
    "SET enable_external_access = false",
    "SET allow_community_extensions = false",
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET lock_configuration = true",
)


@contextmanager
def sandbox(clips: pa.Table) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an in-memory database that holds the table `clips` alone.

    No file, network, extension, setting or variable of this program can be reached from it.

    Args:
        clips: n rows; the column `row_in_table` is added.
    """
    connection = duckdb.connect(":memory:")
    try:
        connection.register("rows", clips)
        connection.execute(
            f"CREATE TABLE clips AS SELECT *, row_number() OVER () AS {_ORDER} "  # noqa: S608
            "FROM rows"
        )
        connection.unregister("rows")
        for statement in _SANDBOX:
            connection.execute(statement)
        yield connection
    finally:
        connection.close()


def matching(
    connection: duckdb.DuckDBPyConnection, condition: str, *, name: str, seconds: float
) -> np.ndarray:
    """Return which clips meet a condition: (n,) float64, 1 yes, 0 no, NaN where it is NULL.

    Args:
        connection: from `sandbox`.
        condition: an SQL expression over the columns of `clips`.
        name: name of the filter, for the error.
        seconds: time limit.

    Raises:
        SettingsError: the condition is not one boolean expression over the columns, or takes too
            long.
    """
    # The condition is on lines of its own, so that a comment in it ends with it.
    sql = f"SELECT (\n{condition}\n) AS inside FROM clips ORDER BY {_ORDER}"  # noqa: S608
    try:
        statements = connection.extract_statements(sql)
    except duckdb.Error as problem:
        raise _refused(name, condition, problem) from problem
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise _refused(name, condition, "it is more than a condition")
    clock = threading.Timer(seconds, connection.interrupt)
    clock.start()
    try:
        found = connection.execute(statements[0]).to_arrow_table()
    except duckdb.InterruptException as problem:
        raise _refused(name, condition, f"it takes longer than {seconds:g} s") from problem
    except (duckdb.Error, MemoryError) as problem:
        raise _refused(name, condition, problem) from problem
    finally:
        clock.cancel()
    count = connection.execute("SELECT count(*) FROM clips").fetchall()[0][0]
    if found.column_names != ["inside"] or found.num_rows != count:
        raise _refused(name, condition, "it is more than a condition")
    if not pa.types.is_boolean(found.schema.field("inside").type):
        kind = found.schema.field("inside").type
        raise _refused(name, condition, f"it gives {kind}, not true or false")
    return np.asarray(found["inside"].cast(pa.float64()).to_numpy(), np.float64)


def _refused(name: str, condition: str, problem: object) -> SettingsError:
    lines = [line.strip() for line in str(problem).splitlines() if line.strip()]
    reason = " ".join(lines[:2]) if lines else type(problem).__name__
    return SettingsError(f"the filter {name!r} ({condition.strip()}) cannot be used: {reason}")
