"""The DuckDB file as a Dagster resource."""

from pathlib import Path

import dagster as dg

from insight_dagster.database import Database


class DatabaseResource(dg.ConfigurableResource):
    """The path of the DuckDB file, and how long to wait for other processes.

    Attributes:
        path: the file.
        lock_timeout_seconds: longest wait for a lock.
    """

    path: str
    lock_timeout_seconds: float = 120.0

    def open(self) -> Database:
        """Return the database, which opens and closes a connection for every call."""
        return Database(Path(self.path), self.lock_timeout_seconds)
