"""What a Dagster instance has stored, read from its SQLite files without importing Dagster.

Only for commands that read: importing Dagster and opening its instance takes longer than all else
that they do. Whatever writes, or an instance with another storage, goes through Dagster. The tables
and columns are private to Dagster, like the names in `dagster_internals`.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

_EVENT_LOG = Path("history", "runs", "index.db")
_RUNS = Path("history", "runs.db")
_UNLAUNCHED = """
    SELECT 1 FROM runs WHERE status IN ('FAILURE', 'NOT_STARTED') AND start_time IS NULL LIMIT 1"""
_PARTITIONS = "SELECT partition FROM dynamic_partitions WHERE partitions_def_name = ? ORDER BY id"
_PATIENCE_SECONDS = 5.0


def stored_partitions(instance_folder: Path, partition_set: str) -> list[str] | None:
    """Return the dynamic partitions of a set in the order in which they were added.

    Args:
        instance_folder: of the Dagster instance, with its `dagster.yaml`.
        partition_set: name of the set.

    Returns:
        The names of the partitions; None where they are not in the default SQLite file, or where
        it cannot be read.
    """
    rows = _read(instance_folder, _EVENT_LOG, _PARTITIONS, partition_set)
    return None if rows is None else [str(name) for (name,) in rows]


def may_have_unlaunched_runs(instance_folder: Path) -> bool:
    """Return whether a run may have failed before it began; true where that cannot be read.

    Args:
        instance_folder: of the Dagster instance, with its `dagster.yaml`; it may be missing.
    """
    return instance_folder.exists() and _read(instance_folder, _RUNS, _UNLAUNCHED) != []


def _read(
    instance_folder: Path, name: Path, sql: str, *parameters: str
) -> list[tuple[object, ...]] | None:
    """Return the rows of a query; None where the file is not the default one or unreadable."""
    file = instance_folder / name
    if _names_a_storage(instance_folder / "dagster.yaml") or not file.exists():
        return None
    address = f"file:{quote(str(file))}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=_PATIENCE_SECONDS)) as connection:
            return connection.execute(sql, parameters).fetchall()
    except sqlite3.Error:
        return None


def _names_a_storage(instance_file: Path) -> bool:
    """Return whether the settings of the instance may keep partitions elsewhere."""
    if not instance_file.exists():
        return False
    lines = instance_file.read_text(encoding="utf-8", errors="replace").splitlines()
    return any("storage" in line.partition("#")[0] for line in lines)
