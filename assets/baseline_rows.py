"""Baselines and the present moment, read from the database."""

from typing import Any

import pandas as pd
import pyarrow as pa

from assets.space_rows import space_of
from insight_dagster.analysis.baseline import Moment, moment, performance_since, stored_moment
from insight_dagster.analysis.drift import PerformanceDrift
from insight_dagster.analysis.latent_space import LatentSpace
from insight_dagster.analysis.matrices import matrix_of
from insight_dagster.analysis.performance import scores
from insight_dagster.check_settings import CheckSettings
from insight_dagster.database import Database
from insight_dagster.tables import (
    BASELINES,
    CLIP_MANIFEST,
    EMBEDDINGS,
    METADATA_TABLE,
    PREDICTIONS,
)
from resources.bundle_folder import BundleFolderResource


def newest_baseline(store: Database) -> dict[str, Any] | None:
    """The row of the baseline that drift is measured against: the one promoted last."""
    rows = store.rows(BASELINES).to_pylist()
    return max(rows, key=lambda row: row["created_at"]) if rows else None


def then(store: Database, baseline_id: str, class_name: str | None = None) -> Moment:
    """The clips of a baseline (of one class)."""
    of_class, parameters = "", [baseline_id]
    if class_name is not None:
        of_class, parameters = "AND class_name = ?", [baseline_id, class_name]
    sql = f"SELECT * FROM baseline_clips WHERE baseline_id = ? {of_class} ORDER BY clip_id"  # noqa: S608
    return stored_moment(store.read(sql, parameters))


def now(store: Database, space: LatentSpace | None, class_name: str | None = None) -> Moment:
    """The clips as they are predicted, measured and placed now (of one class).

    Args:
        store: the database.
        space: latent space to place them in; None: without coordinates.
        class_name: None = all classes.
    """
    manifest = store.rows(CLIP_MANIFEST, class_name)
    predicted = scores(store.rows(PREDICTIONS, class_name), manifest)
    contents = manifest.select(["clip_id", "content_key"]).to_pandas()
    frame: pd.DataFrame = predicted.merge(contents, on="clip_id", validate="one_to_one")
    vectors = store.rows(EMBEDDINGS, class_name)
    places = None if space is None else _places(space, vectors)
    kept = frame[frame["clip_id"].isin(set(vectors["clip_id"].to_pylist()))]
    return moment(kept, store.rows(METADATA_TABLE, class_name), places)


def overall_drift(store: Database, limits: CheckSettings) -> PerformanceDrift | None:
    """Performance of all classes together since the baseline; None where there is none."""
    baseline = newest_baseline(store)
    if baseline is None:
        return None
    before, after = then(store, baseline["baseline_id"]), now(store, None)
    return performance_since(before, after, limits=limits, seed=0, by_class=True)


def baseline_space(
    store: Database, folder: BundleFolderResource, baseline: dict[str, Any], vectors: pa.Table
) -> LatentSpace | None:
    """The latent space of a baseline, if it is there and of the model that made the vectors."""
    models = set(vectors["model_fingerprint"].to_pylist())
    if models - {baseline["model_fingerprint"]}:
        return None
    return space_of(store, folder, baseline["space_id"])


def _places(space: LatentSpace, vectors: pa.Table) -> dict[str, Any]:
    coordinates = space.transform(matrix_of(vectors, "embedding", width=space.dimension))
    return dict(zip(vectors["clip_id"].to_pylist(), coordinates, strict=True))
