"""Reading a whole database in a process of its own, which a damaged file may crash or hang.

This is the child's side; `damage` starts it and decides what its answer means. The file is opened
for reading only.
"""

from __future__ import annotations

import json
from typing import Any

import duckdb

from insight_dagster.files.processes.request_loop import answer_requests

MODULE = "insight_dagster.database.damage_probe"
INTACT = ""
"""The answer for a file of which everything can be read."""


def probe(request: bytes) -> bytes:
    """Read every row of a database; return DuckDB's error, '' where there is none.

    Args:
        request: the path of the file, as JSON.
    """
    path = str(json.loads(request)).replace("'", "''")
    connection = duckdb.connect(config={"threads": 1, "memory_limit": "1GiB"})
    try:
        connection.execute(f"ATTACH '{path}' AS probed (READ_ONLY)")
        for schema, name in connection.execute(_TABLES).fetchall():
            table = f"probed.{_quoted(schema)}.{_quoted(name)}"
            connection.execute(f"SELECT bit_xor(hash(t)) FROM {table} t").fetchall()  # noqa: S608
    except duckdb.Error as problem:
        return str(problem).encode()
    finally:
        connection.close()
    return INTACT.encode()


_TABLES = """
    SELECT schema_name, table_name FROM duckdb_tables()
    WHERE database_name = 'probed' ORDER BY ALL"""


def _quoted(name: Any) -> str:
    return '"' + str(name).replace('"', '""') + '"'


if __name__ == "__main__":
    answer_requests(probe)
