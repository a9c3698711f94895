"""The report's input, read from the database."""

import inspect

from insight_dagster.analysis.insights import DEFINITIONS
from insight_dagster.analysis.model.video_classifier import is_random
from insight_dagster.database import Database
from insight_dagster.files.home_folders import HomeFolders
from insight_dagster.pipeline.latent_space.space_rows import nearest_clips, newest_space
from insight_dagster.report.report_data import SHOWN, ReportData
from insight_dagster.tables.clock import utc_now

_TITLE = "Why the classifier fails"
_NEIGHBOURS = 8
_WIDE = {"predictions": "logits", "metadata_table": "signature, extra"}
# Rows of another model or latent space than the present one would mix two coordinate systems.
_OF_PRESENT = {"predictions": "model_fingerprint", "projection": "space_id", "clusters": "space_id"}


def read_report_data(store: Database, folders: HomeFolders, *, run_id: str) -> ReportData:
    """Every table that the report shows, of the present latent space and its model.

    All tables are of one moment. The space and the nearest clips are asked for apart: what they
    know of clips that are no longer there is left out.

    Args:
        store: the database.
        folders: of the home.
        run_id: of the Dagster run.
    """
    present = newest_space(store) or {"model_fingerprint": "", "space_id": ""}
    created = utc_now()
    rows = store.read_together({table.name: _query(table.name, present) for table in SHOWN})
    return ReportData(
        home=folders.root,
        title=_TITLE,
        run_id=run_id,
        model_fingerprint=present["model_fingerprint"],
        random_weights=is_random(present["model_fingerprint"]),
        created_at=created,
        nearest=nearest_clips(store, folders, k=_NEIGHBOURS),
        definitions={kind: inspect.cleandoc(text) for kind, text in DEFINITIONS.items()},
        **{name: table.to_pandas() for name, table in rows.items()},
    )


def _query(name: str, present: dict[str, str]) -> tuple[str, list[str]]:
    columns = f"* EXCLUDE ({_WIDE[name]})" if name in _WIDE else "*"
    key = _OF_PRESENT.get(name)
    where, parameters = (f"WHERE {key} = ?", [present[key]]) if key else ("", [])
    return f"SELECT {columns} FROM {name} {where} ORDER BY ALL", parameters  # noqa: S608
