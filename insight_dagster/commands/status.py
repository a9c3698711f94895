"""`insight status`: how far every class is, and which clips cannot be used."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import dagster as dg
from rich.console import Console

from insight_dagster.commands.home import mark_random, open_database, open_instance
from insight_dagster.commands.tables import print_json, print_rows
from insight_dagster.database import Database
from insight_dagster.settings import Settings
from resources.partitions import ACTION_CLASSES

# What a class's rows in a table say of its clips.
_PER_CLASS = {
    "clip_manifest": "clips",
    "embeddings": "embedded",
    "metadata_table": "measured",
    "projection": "projected",
    "clusters": "clustered",
    "insights": "insights",
    "heatmap_bundles": "heatmaps",
}
_QUARANTINE = """
    SELECT class_name AS class, path, problem FROM clip_manifest
    WHERE status = 'quarantined' ORDER BY class_name, path"""


def show_status(settings: Settings, *, as_json: bool, console: Console) -> None:
    """Print rows per class and asset, the last run of each class, and the quarantine."""
    store = open_database(settings)
    with open_instance(settings) as instance:
        known = instance.get_dynamic_partitions(str(ACTION_CLASSES.name))
        classes = _classes(store, known, instance)
    quarantined = store.read(_QUARANTINE).to_pylist()
    if as_json:
        print_json({"classes": classes, "quarantine": quarantined})
        return
    mark_random(settings, console)
    empty = "No class has been materialized; `insight run` does."
    shown = [{_PER_CLASS.get(name, name): row[name] for name in row} for row in classes]
    print_rows(console, shown, title="Rows per class", empty=empty)
    print_rows(console, quarantined, title="Quarantine", empty="No clip is quarantined.")


def _classes(
    store: Database, known: Sequence[str], instance: dg.DagsterInstance
) -> list[dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {name: {"class": name} for name in sorted(known)}
    for table in _PER_CLASS:
        for name, count in _counts(store, table).items():
            rows.setdefault(name, {"class": name})[table] = count
    last = _last_runs(instance)
    return [
        {
            "class": name,
            **{table: row.get(table, 0) for table in _PER_CLASS},
            "last run": last.get(name),
        }
        for name, row in sorted(rows.items())
    ]


def _counts(store: Database, table: str) -> dict[str, int]:
    sql = f"SELECT class_name, count(*) AS n FROM {table} GROUP BY ALL"  # noqa: S608
    if not store.has_rows(table):
        return {}
    found = store.read(sql).to_pylist()
    return {row["class_name"]: row["n"] for row in found}


def _last_runs(instance: dg.DagsterInstance) -> dict[str, str]:
    """Status and time of the newest run of every class."""
    last: dict[str, str] = {}
    for record in instance.get_run_records(limit=1000):
        name = record.dagster_run.tags.get("dagster/partition")
        if name and name not in last:
            when = datetime.fromtimestamp(record.update_timestamp.timestamp(), UTC)
            last[name] = f"{record.dagster_run.status.value.lower()} {when:%m-%d %H:%M}Z"
    return last
