"""Baselines and the present moment, read from the database."""

from typing import Any

import pandas as pd
import pyarrow as pa

from insight_dagster.analysis.drift import PerformanceDrift
from insight_dagster.analysis.drift.baseline import (
    Snapshot,
    moment,
    performance_since,
    stored_snapshot,
)
from insight_dagster.analysis.drift.performance.performance import scores
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
    """The row of the baseline that drift is measured against: the one promoted last."""
    rows = store.rows(BASELINES).to_pylist()
    return max(rows, key=lambda row: row["created_at"]) if rows else None


def then(store: Database, baseline: dict[str, Any], class_name: str | None = None) -> Snapshot:
    """The clips of a baseline (of one class)."""
    of_class, parameters = "", [baseline["baseline_id"]]
    if class_name is not None:
        of_class, parameters = "AND class_name = ?", [*parameters, class_name]
    sql = f"SELECT * FROM baseline_clips WHERE baseline_id = ? {of_class} ORDER BY clip_id"  # noqa: S608
    return stored_snapshot(store.read(sql, parameters), baseline["metadata_version"])


def now(store: Database, class_name: str | None = None, *, with_vectors: bool = False) -> Snapshot:
    """The clips as they are predicted and measured now (of one class).

    Args:
        store: the database.
        class_name: None = all classes.
        with_vectors: whether their latent vectors are wanted.
    """
    manifest = store.rows(CLIP_MANIFEST, class_name)
    predicted = scores(store.rows(PREDICTIONS, class_name), manifest)
    contents = manifest.select(["clip_id", "content_key"]).to_pandas()
    frame: pd.DataFrame = predicted.merge(contents, on="clip_id", validate="one_to_one")
    vectors, measured = store.rows(EMBEDDINGS, class_name), store.rows(METADATA_TABLE, class_name)
    kept = frame[frame["clip_id"].isin(set(vectors["clip_id"].to_pylist()))]
    return moment(
        kept,
        measured,
        vectors=_vectors(vectors) if with_vectors else None,
        metadata_version=", ".join(sorted(set(measured["metadata_version"].to_pylist()))),
    )


def overall_drift(store: Database, thresholds: Thresholds) -> PerformanceDrift | None:
    """Performance of all classes together since the baseline; None where there is none."""
    baseline = newest_baseline(store)
    if baseline is None:
        return None
    before, after = then(store, baseline), now(store)
    return performance_since(before, after, thresholds=thresholds, seed=0, by_class=True)


def _vectors(rows: pa.Table) -> dict[str, Any] | None:
    """Vectors by clip; None where several models made them: these cannot be compared."""
    if len(set(rows["model_fingerprint"].to_pylist())) != 1:
        return None
    return dict(zip(rows["clip_id"].to_pylist(), matrix_of(rows, "embedding"), strict=True))
