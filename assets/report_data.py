"""The report's input, read from the database."""

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from assets.space_rows import newest_space
from insight_dagster.analysis.inference import is_random
from insight_dagster.database import Database
from insight_dagster.report.report_data import SHOWN, ReportData

_TITLE = "Why the classifier fails"
_WIDE = {"predictions": "logits", "metadata_table": "signature, extra"}
# Rows of another model or latent space than the present one would mix two coordinate systems.
_OF_PRESENT = {"predictions": "model_fingerprint", "projection": "space_id", "clusters": "space_id"}


def read_report_data(store: Database, home: Path) -> ReportData:
    """Every table that the report shows, of the present latent space and its model."""
    present = newest_space(store) or {"model_fingerprint": "", "space_id": ""}
    return ReportData(
        home=home,
        title=_TITLE,
        model_fingerprint=present["model_fingerprint"],
        random_weights=is_random(present["model_fingerprint"]),
        created_at=datetime.now(UTC),
        **{table.name: _frame(store, table.name, present) for table in SHOWN},
    )


def _frame(store: Database, name: str, present: dict[str, str]) -> pd.DataFrame:
    columns = f"* EXCLUDE ({_WIDE[name]})" if name in _WIDE else "*"
    key = _OF_PRESENT.get(name)
    where, parameters = (f"WHERE {key} = ?", [present[key]]) if key else ("", [])
    sql = f"SELECT {columns} FROM {name} {where} ORDER BY ALL"  # noqa: S608
    return store.read(sql, parameters).to_pandas()
