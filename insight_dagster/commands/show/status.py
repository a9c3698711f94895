"""`insight status`: the rows of every class, what failed, and which clips are quarantined."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console

from insight_dagster.commands.home import mark_random, open_instance
from insight_dagster.commands.printing import print_json, print_rows
from insight_dagster.database import Database
from insight_dagster.errors import Fault
from insight_dagster.pipeline.home import note_of_latest_time, open_database
from insight_dagster.resources.partitions import ACTION_CLASSES
from insight_dagster.settings import Settings
from insight_dagster.tables import VERDICTS
from insight_dagster.tables.status import ClipStatus

# What the number of rows in a table is called.
_PER_CLASS = {
    "clip_manifest": "clips",
    "embeddings": "embedded",
    "metadata_table": "measured",
    "projection": "projected",
    "clusters": "clustered",
    "insights": "insights",
    "heatmap_bundles": "heatmaps",
}
_HEADINGS = {**_PER_CLASS, "judged": "evaluated", "tried_again": "tried again"}
_FAILURES = """
    SELECT asset, CASE class_name WHEN '' THEN '(all)' ELSE class_name END AS class, reason
    FROM step_failures WHERE asset <> 'verdict' ORDER BY ALL"""
_CHECKS = """
    SELECT severity, check_name AS check,
           CASE class_name WHEN '' THEN '(all)' ELSE class_name END AS class, description
    FROM check_results WHERE NOT passed ORDER BY ALL"""
_QUARANTINE = f"""
    SELECT class_name AS class, path, problem,
           CASE fault WHEN '{Fault.FILE}' THEN 'when the file changes' ELSE 'with the next run' END
           AS tried_again
    FROM clip_manifest
    WHERE status = '{ClipStatus.QUARANTINED}' ORDER BY class_name, path"""  # noqa: S608


def show_status(settings: Settings, *, as_json: bool, console: Console) -> None:
    """Print rows per class, verdicts, failed steps, failed checks and quarantined clips."""
    store = open_database(settings)
    with open_instance(settings) as instance:
        known = instance.get_dynamic_partitions(str(ACTION_CLASSES.name))
        classes = _classes(store, known)
    failures, checks, quarantined = (
        store.read(sql).to_pylist() for sql in (_FAILURES, _CHECKS, _QUARANTINE)
    )
    clock = note_of_latest_time(store)
    if as_json:
        found = {"classes": classes, "failures": failures, "failed_checks": checks}
        print_json({**found, "quarantine": quarantined, "clock": clock})
        return
    mark_random(settings, console)
    if clock is not None:
        console.print(f"[yellow]note:[/] {clock}", soft_wrap=True)
    empty = "No class has been materialized yet; `insight run` does it."
    print_rows(console, _headed(classes), title="Rows per class", empty=empty)
    print_rows(console, failures, title="Failed steps", empty="No step failed.")
    print_rows(console, checks, title="Failed checks", empty="Every check passes.")
    held, none = _headed(quarantined), "No clip is quarantined."
    print_rows(console, held, title="Quarantined clips", empty=none)


def _headed(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{_HEADINGS.get(name, name): row[name] for name in row} for row in rows]


def _classes(store: Database, known: Sequence[str]) -> list[dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {name: {"class": name} for name in sorted(known)}
    for table in _PER_CLASS:
        for name, count in _counts(store, table).items():
            rows.setdefault(name, {"class": name})[table] = count
    verdicts = {row["class_name"]: row for row in store.rows(VERDICTS).to_pylist()}
    return [
        {
            "class": name,
            **{table: row.get(table, 0) for table in _PER_CLASS},
            "passes": verdicts.get(name, {}).get("cleared"),
            "judged": verdicts.get(name, {}).get("decided_at"),
        }
        for name, row in sorted(rows.items())
    ]


def _counts(store: Database, table: str) -> dict[str, int]:
    sql = f"SELECT class_name, count(*) AS n FROM {table} GROUP BY ALL"  # noqa: S608
    if not store.has_rows(table):
        return {}
    found = store.read(sql).to_pylist()
    return {row["class_name"]: row["n"] for row in found}
