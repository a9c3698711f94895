"""The report's input, read from the database."""

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from insight_dagster.analysis.inference import VideoClassifier
from insight_dagster.database import Database
from insight_dagster.report.report_data import ReportData
from insight_dagster.tables import TABLES

_TITLE = "Why the classifier fails"
_WIDE = {"predictions": "logits", "metadata_table": "signature"}


def read_report_data(store: Database, home: Path, model: VideoClassifier) -> ReportData:
    """Every table that the report shows, without the columns that no page needs."""
    frames = {
        table.name: _frame(store, table.name) for table in TABLES if table.name != "embeddings"
    }
    return ReportData(
        home=home,
        title=_TITLE,
        model_fingerprint=model.fingerprint,
        random_weights=model.random_weights,
        created_at=datetime.now(UTC),
        **frames,
    )


def _frame(store: Database, name: str) -> pd.DataFrame:
    excluded = f"EXCLUDE ({_WIDE[name]})" if name in _WIDE else ""
    return store.read(f"SELECT * {excluded} FROM {name} ORDER BY ALL").to_pandas()  # noqa: S608
