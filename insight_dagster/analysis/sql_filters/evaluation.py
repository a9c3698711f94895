"""The main loop of a sandbox's process: load the clips, then evaluate one condition a request.

`sandbox` runs this module. Its answers are bytes: `=` and one byte a clip (0 no, 1 yes, 2 NULL),
`m` where there is too little memory, or `!` and why the condition cannot be used.
"""

from __future__ import annotations

import json
import resource
from collections.abc import Callable

import duckdb
import numpy as np
import pyarrow as pa

from insight_dagster.files.processes.request_loop import answer_requests, memory_limit

_ORDER = "row_in_table"
_LOCKED = (
    "SET threads = 1",
    "SET max_temp_directory_size = '0B'",
    "SET python_enable_replacements = false",
    "SET enable_external_access = false",
    "SET allow_community_extensions = false",
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET lock_configuration = true",
)
_LONGEST_REASON = 4000


def main() -> None:
    """Answer requests until the pipe closes."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    answer: list[Callable[[bytes], bytes]] = []

    def answer_any(request: bytes) -> bytes:
        if not answer:
            answer.append(_evaluator(request))
            return b""
        return answer[0](request)

    answer_requests(answer_any)


def _evaluator(clips: bytes) -> Callable[[bytes], bytes]:
    """Return the function that answers requests about a table, given as an Arrow stream."""
    table = pa.ipc.open_stream(clips).read_all()
    connection = _open(table, memory_limit())

    def evaluate(request: bytes) -> bytes:
        asked = json.loads(request)
        _limit_cpu(asked["seconds"])
        try:
            return b"=" + _values(connection, asked["condition"], table.num_rows).tobytes()
        except (duckdb.OutOfMemoryException, MemoryError):
            return b"m"
        except Exception as problem:  # of DuckDB, or of Python where the text is no UTF-8
            return b"!" + _reason(problem).encode(errors="replace")

    return evaluate


def _open(clips: pa.Table, memory: int) -> duckdb.DuckDBPyConnection:
    """Return an in-memory database that holds the table `clips` alone and cannot be set up anew."""
    connection = duckdb.connect(":memory:")
    connection.register("rows", clips)
    connection.execute(
        f"CREATE TABLE clips AS SELECT *, row_number() OVER () AS {_ORDER} FROM rows"  # noqa: S608
    )
    connection.unregister("rows")
    # Half, because texts and lists are allocated outside of what DuckDB counts.
    for statement in (f"SET memory_limit = '{memory // 2}B'", *_LOCKED):
        connection.execute(statement)
    return connection


def _values(connection: duckdb.DuckDBPyConnection, condition: str, count: int) -> np.ndarray:
    """Return (n,) uint8: whether each clip meets a condition, 2 where it is NULL.

    Raises:
        ValueError: the condition is not one boolean expression.
        duckdb.Error: DuckDB refuses it.
    """
    # The condition is on lines of its own, so that a comment in it ends with it.
    sql = f"SELECT (\n{condition}\n) AS inside FROM clips ORDER BY {_ORDER}"  # noqa: S608
    statements = connection.extract_statements(sql)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise ValueError("it is more than a condition")
    found = connection.execute(statements[0]).to_arrow_table()
    if found.column_names != ["inside"] or found.num_rows != count:
        raise ValueError("it is more than a condition")
    if not pa.types.is_boolean(found.schema.field("inside").type):
        raise ValueError(f"it gives {found.schema.field('inside').type}, not true or false")
    inside: np.ndarray = found["inside"].cast(pa.uint8()).fill_null(2).to_numpy()
    return inside


def _limit_cpu(seconds: int) -> None:
    """End this process after some more seconds of CPU time, should nobody else end it.

    There is no hard limit: no later condition could raise it again.
    """
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(used.ru_utime + used.ru_stime) + seconds + 2
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))


def _reason(problem: Exception) -> str:
    lines = [line.strip() for line in str(problem).splitlines() if line.strip()]
    return " ".join(lines[:2])[:_LONGEST_REASON] or type(problem).__name__


if __name__ == "__main__":
    main()
