"""Reading a whole database in a process of its own, which a damaged file may crash or hang.

This is the child's side; `damage` starts it and decides what follows from its answer. The file is
opened for reading only.
"""

from __future__ import annotations

import json
from enum import StrEnum

import duckdb

from insight_dagster.database.quoting import identifier, literal
from insight_dagster.files.processes.request_loop import answer_requests

MODULE = "insight_dagster.database.damage_probe"
HELD_MESSAGE = "Could not set lock"
"""What DuckDB's error says where another process has the file open."""
_LONGEST_REASON = 1000


class Verdict(StrEnum):
    """What is known of a file after it was read.

    Attributes:
        INTACT: everything in it can be read.
        HELD: another program has it open.
        UNKNOWN: there was too little memory to read it.
        DAMAGED: something in it cannot be read.
    """

    INTACT = "intact"
    HELD = "held"
    UNKNOWN = "unknown"
    DAMAGED = "damaged"


def probe(request: bytes) -> bytes:
    """Read every row of a database; return a verdict and what was met, as a list in JSON.

    Args:
        request: the path of the file, as JSON.
    """
    try:
        _read_all(json.loads(request))
    except (MemoryError, duckdb.OutOfMemoryException) as problem:
        return _answer(Verdict.UNKNOWN, problem)
    except duckdb.IOException as problem:
        return _answer(Verdict.HELD if HELD_MESSAGE in str(problem) else Verdict.DAMAGED, problem)
    except Exception as problem:
        return _answer(Verdict.DAMAGED, problem)
    return json.dumps([Verdict.INTACT, ""]).encode()


def _read_all(path: str) -> None:
    connection = duckdb.connect(config={"threads": 1, "memory_limit": "1GiB"})
    try:
        connection.execute(f"ATTACH {literal(path)} AS probed (READ_ONLY)")
        for schema, name in connection.execute(_TABLES).fetchall():
            table = f"probed.{identifier(schema)}.{identifier(name)}"
            connection.execute(f"SELECT bit_xor(hash(t)) FROM {table} t").fetchall()  # noqa: S608
    finally:
        connection.close()


def _answer(verdict: Verdict, problem: Exception) -> bytes:
    reason = (str(problem).splitlines() or [type(problem).__name__])[0]
    return json.dumps([verdict, reason[:_LONGEST_REASON]]).encode()


_TABLES = """
    SELECT schema_name, table_name FROM duckdb_tables()
    WHERE database_name = 'probed' ORDER BY ALL"""


if __name__ == "__main__":
    answer_requests(probe)
