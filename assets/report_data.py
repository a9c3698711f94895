"""The report's input, read from the database."""

import inspect
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from assets.space_rows import newest_space, read_latent_space
from insight_dagster.analysis.inference import is_random
from insight_dagster.analysis.insights import DEFINITIONS
from insight_dagster.analysis.matrices import matrix_of
from insight_dagster.analysis.neighbours import nearest_others
from insight_dagster.database import Database
from insight_dagster.errors import LatentSpaceError
from insight_dagster.report.report_data import SHOWN, NearestClips, ReportData
from resources.bundle_folder import BundleFolderResource

_TITLE = "Why the classifier fails"
_NEIGHBOURS = 8
_WIDE = {"predictions": "logits", "metadata_table": "signature, extra"}
# Rows of another model or latent space than the present one would mix two coordinate systems.
_OF_PRESENT = {"predictions": "model_fingerprint", "projection": "space_id", "clusters": "space_id"}
_VECTORS = """
    SELECT e.clip_id, e.embedding FROM embeddings e JOIN clip_manifest m USING (clip_id)
    WHERE m.status = 'ok' AND e.model_fingerprint = ? ORDER BY e.clip_id"""


def read_report_data(store: Database, folder: BundleFolderResource, *, run_id: str) -> ReportData:
    """Every table that the report shows, of the present latent space and its model.

    Args:
        store: the database.
        folder: of latent spaces and pictures.
        run_id: of the Dagster run.
    """
    present = newest_space(store) or {"model_fingerprint": "", "space_id": ""}
    return ReportData(
        home=folder.root,
        title=_TITLE,
        run_id=run_id,
        model_fingerprint=present["model_fingerprint"],
        random_weights=is_random(present["model_fingerprint"]),
        created_at=datetime.now(UTC),
        nearest=_nearest(store, folder, present["model_fingerprint"]),
        definitions={kind: inspect.cleandoc(text) for kind, text in DEFINITIONS.items()},
        **{table.name: _frame(store, table.name, present) for table in SHOWN},
    )


def _nearest(store: Database, folder: BundleFolderResource, fingerprint: str) -> NearestClips:
    """The nearest clips of every usable clip of the present model, in the latent space."""
    rows = store.read(_VECTORS, [fingerprint])
    if not rows.num_rows:
        return NearestClips()
    try:
        space = read_latent_space(store, folder, models={fingerprint})
    except LatentSpaceError:
        return NearestClips()
    clip_ids = rows["clip_id"].to_pylist()
    coordinates, _ = space.locate(clip_ids, matrix_of(rows, "embedding"))
    found = nearest_others(coordinates, k=_NEIGHBOURS)
    return NearestClips(np.array(clip_ids), found.indices.astype(np.int32))


def _frame(store: Database, name: str, present: dict[str, str]) -> pd.DataFrame:
    columns = f"* EXCLUDE ({_WIDE[name]})" if name in _WIDE else "*"
    key = _OF_PRESENT.get(name)
    where, parameters = (f"WHERE {key} = ?", [present[key]]) if key else ("", [])
    sql = f"SELECT {columns} FROM {name} {where} ORDER BY ALL"  # noqa: S608
    return store.read(sql, parameters).to_pandas()
