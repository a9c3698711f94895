"""What a kill left in a home: stored results, half-written partitions, repeated computations."""

from __future__ import annotations

from pathlib import Path

import dagster as dg

from insight_dagster.database import Database
from insight_dagster.orchestration.run_events import materializations
from insight_dagster.settings import Settings
from insight_dagster.tables import (
    CLIP_MANIFEST,
    CLUSTERS,
    EMBEDDINGS,
    INSIGHTS,
    METADATA_TABLE,
    PREDICTIONS,
    PROJECTION,
)

COMPARED = (
    CLIP_MANIFEST, EMBEDDINGS, PREDICTIONS, METADATA_TABLE, PROJECTION, CLUSTERS, INSIGHTS,
)  # fmt: skip
MEASURED = ("embeddings", "metadata_table")


def stored(settings: Settings) -> dict[tuple[str, str], set[str]]:
    """Return the clips with a stored result, by asset and class."""
    found: dict[tuple[str, str], set[str]] = {}
    store = Database(settings.folders.database)
    for table in (EMBEDDINGS, METADATA_TABLE):
        for row in store.rows(table).select(["class_name", "clip_id"]).to_pylist():
            found.setdefault((table.name, row["class_name"]), set()).add(row["clip_id"])
    return found


def half_written(settings: Settings) -> tuple[str, ...]:
    """Return the partitions that have rows, but not for every clip of their manifest."""
    clips: dict[str, int] = {}
    store = Database(settings.folders.database)
    for name in store.rows(CLIP_MANIFEST)["class_name"].to_pylist():
        clips[name] = clips.get(name, 0) + 1
    return tuple(
        f"{asset} of {name}: {len(ids)} of {clips.get(name)}"
        for (asset, name), ids in stored(settings).items()
        if len(ids) != clips.get(name)
    )


def computed(instance: dg.DagsterInstance) -> dict[tuple[str, str, str], int]:
    """Return the number of computed results, by run, asset and class."""
    return {
        (run.run_id, event.asset_key.to_user_string(), str(event.partition)): int(
            str(event.metadata["computed"].value)
        )
        for run in instance.get_runs()
        for event in materializations(instance, [run.run_id])
        if event.asset_key.to_user_string() in MEASURED
    }


def recomputed(
    counts: dict[tuple[str, str, str], int],
    begun: set[str],
    finished: dict[tuple[str, str], set[str]],
) -> int:
    """Count results that were stored at the kill and computed again by runs that began after it.

    Runs that began before do not count: a step outlives its killed run, and may report after the
    kill what it had stored before.

    Args:
        counts: number of computed results, by run, asset and class.
        begun: runs that began before the kill.
        finished: clips with a stored result at the kill, by asset and class.
    """
    return sum(
        count
        for (run_id, asset, name), count in counts.items()
        if run_id not in begun and finished.get((asset, name))
    )


def unequal(settings: Settings, reference: Path) -> tuple[str, ...]:
    """Return the tables that differ from those of the undisturbed home."""
    ours = Database(settings.folders.database)
    theirs = Database(reference / "insight.duckdb")
    return tuple(
        table.name for table in COMPARED if not ours.rows(table).equals(theirs.rows(table))
    )
