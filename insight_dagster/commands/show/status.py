"""`insight status`: the rows of every class, what failed, and which clips are quarantined."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from insight_dagster.commands.console import Console
from insight_dagster.commands.gate import failed_checks, require_passing
from insight_dagster.commands.home import partitions, warn_random
from insight_dagster.commands.printing import print_json, print_rows
from insight_dagster.database import Database
from insight_dagster.orchestration.alerts.queue import undelivered_alerts
from insight_dagster.orchestration.stored_partitions import may_have_unlaunched_runs
from insight_dagster.pipeline.home import has_random_predictions, note_of_latest_time, open_database
from insight_dagster.settings import Settings
from insight_dagster.tables import VERDICTS
from insight_dagster.tables.clips import TRIED_AGAIN
from insight_dagster.tables.status import ClipStatus, Comparison, FailOn

# What the number of a class's rows in a table is called.
_PER_CLASS = {
    "clip_manifest": "clips",
    "embeddings": "embedded",
    "metadata_table": "measured",
    "projection": "projected",
    "clusters": "clustered",
    "insights": "insights",
    "heatmap_bundles": "heatmaps",
}
_FAILURES = """
    SELECT class_name, asset, reason FROM step_failures WHERE asset <> 'verdict' ORDER BY ALL"""
_CHECKS = """
    SELECT class_name, check_name, severity, description FROM check_results WHERE NOT passed
    ORDER BY severity, check_name, class_name"""
_NOT_COMPARED = f"""
    SELECT check_name, count(*) AS classes, description
    FROM check_results WHERE passed AND (facts ->> 'comparison') = '{Comparison.NOT_COMPARED}'
    GROUP BY ALL ORDER BY ALL"""  # noqa: S608
_QUARANTINE = f"""
    SELECT class_name, path, problem,
           CASE WHEN fault IN {tuple(map(str, TRIED_AGAIN))} THEN 'with the next run'
           ELSE 'when the file changes' END AS tried_again
    FROM clip_manifest
    WHERE status = '{ClipStatus.QUARANTINED}' ORDER BY class_name, path"""  # noqa: S608

# Keys of the document, titles, and what is printed for no rows; '': nothing.
_TABLES = (
    ("classes", "Rows per class", "No class has been materialized yet; `insight run` does it."),
    ("unlaunched_runs", "Runs that could not be launched", ""),
    ("failed_steps", "Failed steps", "No step failed."),
    ("failed_checks", "Failed checks", "Every check passes."),
    ("not_compared", "Not compared with a baseline", ""),
    ("quarantined_clips", "Quarantined clips", "No clip is quarantined."),
    ("undelivered_alerts", "Undelivered alerts", ""),
)


def show_status(settings: Settings, *, fail_on: FailOn, as_json: bool, console: Console) -> None:
    """Print rows per class, verdicts, failed steps, failed checks and quarantined clips.

    Raises:
        NotPassedError: a check failed that `fail_on` names.
    """
    known = partitions(settings)
    with open_database(settings).snapshot() as store:
        classes = _classes(store, known)
        failures, checks, not_compared, quarantined = (
            store.read(sql).to_pylist() for sql in (_FAILURES, _CHECKS, _NOT_COMPARED, _QUARANTINE)
        )
        clock = note_of_latest_time(store)
        random, failed = has_random_predictions(store), failed_checks(store)
    shown = {
        "classes": classes,
        "unlaunched_runs": _unlaunched(settings),
        "failed_steps": failures,
        "failed_checks": checks,
        "not_compared": not_compared,
        "quarantined_clips": quarantined,
        "undelivered_alerts": undelivered_alerts(settings.folders.alerts),
        "clock_note": clock,
    }
    if as_json:
        print_json("status", **shown)
    else:
        warn_random(random, console)
        _print_status(shown, console)
    require_passing(failed, fail_on)


def _print_status(shown: dict[str, Any], console: Console) -> None:
    if shown["clock_note"] is not None:
        console.labelled("note:", shown["clock_note"], style="yellow")
    for name, title, empty in _TABLES:
        if shown[name] or empty:
            print_rows(console, shown[name], title=title, empty=empty)


def _unlaunched(settings: Settings) -> list[dict[str, Any]]:
    """Return the runs that could not be launched; Dagster is imported only if there may be some."""
    if not may_have_unlaunched_runs(settings.folders.dagster):
        return []
    from insight_dagster.commands.home import open_instance
    from insight_dagster.orchestration.upkeep.unlaunched_runs import unlaunched_runs
    from insight_dagster.resources.names import Names

    with open_instance(settings) as instance:
        found = unlaunched_runs(instance, Names.of(settings))
    return [
        {
            "class_name": run.class_name,
            "job": run.job,
            "reason": run.reason,
            "ended_at": datetime.fromtimestamp(run.ended_at, UTC).replace(tzinfo=None),
            "run_id": run.run_id,
        }
        for run in found
    ]


def _classes(store: Database, known: Sequence[str]) -> list[dict[str, Any]]:
    counts = {heading: _counts(store, table) for table, heading in _PER_CLASS.items()}
    verdicts = {row["class_name"]: row for row in store.rows(VERDICTS).to_pylist()}
    return [
        {
            "class_name": name,
            "passes": verdicts.get(name, {}).get("cleared"),
            **{heading: of_classes.get(name, 0) for heading, of_classes in counts.items()},
            "evaluated_at": verdicts.get(name, {}).get("decided_at"),
        }
        for name in sorted({*known, *chain.from_iterable(counts.values())})
    ]


def _counts(store: Database, table: str) -> dict[str, int]:
    sql = f"SELECT class_name, count(*) AS n FROM {table} GROUP BY ALL"  # noqa: S608
    if not store.has_rows(table):
        return {}
    found = store.read(sql).to_pylist()
    return {row["class_name"]: row["n"] for row in found}
