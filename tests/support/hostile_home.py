"""A home whose names hold escape sequences, markup and line breaks; no clip is decoded for it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from insight_dagster.database import Database
from insight_dagster.database.writes import ReplacePartition
from insight_dagster.files.home_folders import HomeFolders
from insight_dagster.tables import CHECK_RESULTS, CLIP_MANIFEST, INSIGHTS, STEP_FAILURES
from insight_dagster.tables.columns import Table

_BLANK: dict[str, object] = {
    "VARCHAR": "",
    "INTEGER": 0,
    "BIGINT": 0,
    "DOUBLE": 0.0,
    "REAL": 0.0,
    "BOOLEAN": False,
    "TIMESTAMP": datetime(2026, 1, 1),
    "VARCHAR[]": [],
    "DOUBLE[]": [],
    "JSON": "{}",
}
CLASS = "clim\u202ebing [red]"
FILE = "evil\x1b[2J\x1b]0;owned\x07\nerror: forged\u2066\x9b31m[link=http:x]y.mp4"
TEXT = f"could not read {FILE}"


def hostile_home(root: Path) -> Path:
    """Write a database with hostile names to a home; return the home."""
    store = Database(HomeFolders(root).database)
    clips = {
        "clip_id": ["a" * 16, "b" * 16],
        "content_key": ["c" * 32, "c" * 32],
        "class_name": [CLASS] * 2,
        "path": [FILE] * 2,
        "split": ["train"] * 2,
        "window_start": [0.0, 5.0],
        "status": ["quarantined", "ok"],
        "fault": ["file", ""],
        "problem": [TEXT, None],
    }
    insight = {
        "insight_id": ["d" * 16], "class_name": [CLASS], "kind": ["outlier"], "population": [FILE],
        "sentence": [TEXT], "action": [TEXT],
    }  # fmt: skip
    check = {"asset": ["a"], "check_name": [FILE], "class_name": [CLASS], "description": [TEXT]}
    failure = {"asset": [FILE], "class_name": [CLASS], "reason": [TEXT]}
    for table, columns in (
        (CLIP_MANIFEST, clips),
        (INSIGHTS, insight),
        (CHECK_RESULTS, check),
        (STEP_FAILURES, failure),
    ):
        rows = table.from_rows(_rows(table, columns))
        store.write(ReplacePartition(table, rows, CLASS))
    return root


def _rows(table: Table, columns: dict[str, list[object]]) -> list[dict[str, object]]:
    """Return rows in which columns that may not be null have a value of their type."""
    count = len(columns["class_name"])
    blank = {
        each.name: [None if each.nullable else _BLANK[each.sql_type]] * count
        for each in table.columns
    }
    values = {**blank, **columns}
    return [{name: values[name][row] for name in table.column_names} for row in range(count)]
