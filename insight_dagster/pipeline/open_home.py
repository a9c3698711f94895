"""Opening what a home holds, for reading."""

from __future__ import annotations

from insight_dagster.analysis.model.video_classifier import is_random
from insight_dagster.database import Database
from insight_dagster.errors import SettingsError
from insight_dagster.settings import Settings


def open_database(settings: Settings) -> Database:
    """Return the home's database, for reading.

    Raises:
        SettingsError: nothing has been materialized in this home yet.
    """
    path = settings.folders.database
    if not path.exists():
        raise SettingsError(
            f"{path} does not exist: nothing has been materialized in this home; run "
            "`insight demo` or `insight run`, or name another home with --home or INSIGHT_HOME"
        )
    return Database(path, settings.lock_timeout_seconds)


def has_random_predictions(store: Database) -> bool:
    """Return whether a prediction in the database is an untrained model's."""
    rows = store.read("SELECT DISTINCT model_fingerprint FROM predictions")
    return any(is_random(name) for name in rows["model_fingerprint"].to_pylist())
