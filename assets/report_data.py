"""The report's input, read from the database."""

import inspect
from datetime import UTC, datetime

import numpy as np
import pandas as pd
from scipy.special import softmax

from assets.space_rows import newest_space, read_latent_space
from insight_dagster.analysis.inference import is_random
from insight_dagster.analysis.insights import DEFINITIONS
from insight_dagster.analysis.matrices import matrix_of
from insight_dagster.analysis.neighbours import nearest_others
from insight_dagster.database import Database
from insight_dagster.errors import LatentSpaceError
from insight_dagster.report.report_data import SHOWN, ClipViews, ReportData
from resources.bundle_folder import BundleFolderResource

_TITLE = "Why the classifier fails"
_TOP, _NEIGHBOURS = 5, 8
_WIDE = {"predictions": "logits", "metadata_table": "signature, extra"}
# Rows of another model or latent space than the present one would mix two coordinate systems.
_OF_PRESENT = {"predictions": "model_fingerprint", "projection": "space_id", "clusters": "space_id"}
_VECTORS = """
    SELECT e.clip_id, e.embedding, p.logits
    FROM embeddings e JOIN predictions p USING (clip_id) JOIN clip_manifest m USING (clip_id)
    WHERE m.status = 'ok' AND e.model_fingerprint = $1 AND p.model_fingerprint = $1
    ORDER BY e.clip_id"""


def read_report_data(
    store: Database, folder: BundleFolderResource, *, labels: tuple[str, ...], run_id: str
) -> ReportData:
    """Every table that the report shows, of the present latent space and its model.

    Args:
        store: the database.
        folder: of latent spaces and pictures.
        labels: of that model in logit order; () = not known.
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
        views=_views(store, folder, present["model_fingerprint"], labels),
        definitions={kind: inspect.cleandoc(text) for kind, text in DEFINITIONS.items()},
        **{table.name: _frame(store, table.name, present) for table in SHOWN},
    )


def newest_model(store: Database) -> str:
    """Fingerprint of the model of the present latent space; '' = there is none yet."""
    space = newest_space(store)
    return str(space["model_fingerprint"]) if space else ""


def _views(
    store: Database, folder: BundleFolderResource, fingerprint: str, labels: tuple[str, ...]
) -> ClipViews:
    """The favourite labels and the nearest clips in the latent space, of every clip."""
    rows = store.read(_VECTORS, [fingerprint])
    if not rows.num_rows:
        return ClipViews()
    try:
        space = read_latent_space(store, folder, models={fingerprint})
    except LatentSpaceError:
        return ClipViews()
    clip_ids = rows["clip_id"].to_pylist()
    coordinates, _ = space.locate(clip_ids, matrix_of(rows, "embedding"))
    logits = matrix_of(rows, "logits")
    probabilities = softmax(logits.astype(np.float64), axis=1)
    top = np.argsort(-probabilities, axis=1, kind="stable")[:, :_TOP]
    known = labels if len(labels) == logits.shape[1] else tuple(map(str, range(logits.shape[1])))
    return ClipViews(
        clip_ids=np.array(clip_ids),
        labels=known,
        top=top.astype(np.int32),
        probabilities=np.take_along_axis(probabilities, top, axis=1).astype(np.float32),
        neighbours=nearest_others(coordinates, k=_NEIGHBOURS).indices.astype(np.int32),
    )


def _frame(store: Database, name: str, present: dict[str, str]) -> pd.DataFrame:
    columns = f"* EXCLUDE ({_WIDE[name]})" if name in _WIDE else "*"
    key = _OF_PRESENT.get(name)
    where, parameters = (f"WHERE {key} = ?", [present[key]]) if key else ("", [])
    sql = f"SELECT {columns} FROM {name} {where} ORDER BY ALL"  # noqa: S608
    return store.read(sql, parameters).to_pandas()
