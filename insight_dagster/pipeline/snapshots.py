"""Snapshots of the newest baseline and of the current clips, read from the database.

Reading belongs here; comparing snapshots (`insight_dagster.analysis.drift`) and promoting one
(`promotion`) do not.
"""

from typing import Any

import pandas as pd
import pyarrow as pa

from insight_dagster.analysis.drift import PerformanceDrift
from insight_dagster.analysis.drift.comparison import compare_performance
from insight_dagster.analysis.drift.performance.performance import scores
from insight_dagster.analysis.drift.snapshot import Snapshot, make_snapshot, stored_snapshot
from insight_dagster.database import Database
from insight_dagster.settings.thresholds import Thresholds
from insight_dagster.tables import (
    BASELINES,
    CLIP_MANIFEST,
    EMBEDDINGS,
    METADATA_TABLE,
    PREDICTIONS,
)
from insight_dagster.tables.arrays import matrix_of


def newest_baseline(store: Database) -> dict[str, Any] | None:
    """Return the row of the baseline that was promoted last; None if there is none."""
    rows = store.rows(BASELINES).to_pylist()
    return max(rows, key=lambda row: row["sequence"]) if rows else None


def baseline_snapshot(
    store: Database, baseline: dict[str, Any], class_name: str | None = None
) -> Snapshot:
    """Return the clips of a baseline (of one class, or all of them)."""
    of_class, parameters = "", [baseline["baseline_id"]]
    if class_name is not None:
        of_class, parameters = "AND class_name = ?", [*parameters, class_name]
    sql = f"SELECT * FROM baseline_clips WHERE baseline_id = ? {of_class} ORDER BY clip_id"  # noqa: S608
    return stored_snapshot(store.read(sql, parameters), baseline["metadata_version"])


def current_snapshot(
    store: Database, class_name: str | None = None, *, with_vectors: bool = False
) -> Snapshot:
    """Return the clips as they are predicted and measured now (of one class, or all of them).

    Args:
        store: the database.
        class_name: the class; None = all classes.
        with_vectors: whether to read their embeddings too.
    """
    manifest = store.rows(CLIP_MANIFEST, class_name)
    predicted = scores(store.rows(PREDICTIONS, class_name), manifest)
    contents = manifest.select(["clip_id", "content_key"]).to_pandas()
    frame: pd.DataFrame = predicted.merge(contents, on="clip_id", validate="one_to_one")
    vectors, measured = store.rows(EMBEDDINGS, class_name), store.rows(METADATA_TABLE, class_name)
    kept = frame[frame["clip_id"].isin(set(vectors["clip_id"].to_pylist()))]
    return make_snapshot(
        kept,
        measured,
        vectors=_vectors(vectors) if with_vectors else None,
        metadata_version=", ".join(sorted(set(measured["metadata_version"].to_pylist()))),
    )


def overall_drift(store: Database, thresholds: Thresholds) -> PerformanceDrift | None:
    """Return the performance drift of all classes together; None if there is no baseline."""
    baseline = newest_baseline(store)
    if baseline is None:
        return None
    before, after = baseline_snapshot(store, baseline), current_snapshot(store)
    return compare_performance(before, after, thresholds=thresholds, seed=0, by_class=True)


def _vectors(rows: pa.Table) -> dict[str, Any] | None:
    """Return the vectors by clip id; None if several models made them."""
    if len(set(rows["model_fingerprint"].to_pylist())) != 1:
        return None
    return dict(zip(rows["clip_id"].to_pylist(), matrix_of(rows, "embedding"), strict=True))
