"""The input of the report, read from the database.

What becomes of it is in `insight_dagster.report`.
"""

import inspect

from insight_dagster.analysis.insights import DEFINITIONS
from insight_dagster.database import Database
from insight_dagster.files.home_folders import HomeFolders
from insight_dagster.pipeline.latent_space.space_rows import nearest_clips, newest_space
from insight_dagster.report.report_data import SHOWN, ReportData
from insight_dagster.tables.clock import utc_now
from insight_dagster.tables.identity import is_random

_TITLE = "Why the classifier fails"
_NEIGHBOURS = 8
_WIDE = {"predictions": "logits", "metadata_table": "signature, extra"}
# Rows of another model or latent space than the current one would mix two coordinate systems.
_CURRENT_ONLY = {
    "predictions": "model_fingerprint",
    "projection": "space_id",
    "clusters": "space_id",
}


def read_report_data(store: Database, folders: HomeFolders, *, run_id: str) -> ReportData:
    """Return every table that the report shows, for the current latent space and its model.

    All tables are read at once, from the same state of the database. Latent space and nearest clips
    are read separately; clips that were removed meanwhile are left out.

    Args:
        store: the database.
        folders: the home's folders.
        run_id: id of the Dagster run.
    """
    current = newest_space(store) or {"model_fingerprint": "", "space_id": ""}
    created = utc_now()
    with store.snapshot() as seen:
        rows = {table.name: seen.read(*_query(table.name, current)) for table in SHOWN}
    return ReportData(
        home=folders.root,
        title=_TITLE,
        run_id=run_id,
        model_fingerprint=current["model_fingerprint"],
        random_weights=is_random(current["model_fingerprint"]),
        created_at=created,
        nearest=nearest_clips(store, folders, k=_NEIGHBOURS),
        definitions={kind: inspect.cleandoc(text) for kind, text in DEFINITIONS.items()},
        **{name: table.to_pandas() for name, table in rows.items()},
    )


def _query(name: str, current: dict[str, str]) -> tuple[str, list[str]]:
    columns = f"* EXCLUDE ({_WIDE[name]})" if name in _WIDE else "*"
    key = _CURRENT_ONLY.get(name)
    where, parameters = (f"WHERE {key} = ?", [current[key]]) if key else ("", [])
    return f"SELECT {columns} FROM {name} {where} ORDER BY ALL", parameters  # noqa: S608
