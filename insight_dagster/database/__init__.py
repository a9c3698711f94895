"""The DuckDB file: connections, locks, schema, writes, damage and backups."""

from insight_dagster.database.connection import Database

__all__ = ["Database"]
