"""The DuckDB file as a Dagster resource."""

from pathlib import Path

import dagster as dg

from insight_dagster.database import Database


class DatabaseResource(dg.ConfigurableResource):
    """Gives assets the database; opens no connection by itself."""

    path: str
    lock_timeout_seconds: float = 120.0

    def open(self) -> Database:
        """The database object, whose every call opens and closes its own connection."""
        return Database(Path(self.path), self.lock_timeout_seconds)
