"""The DuckDB file: connections, locks, schema and writes."""

from insight_dagster.database.connection import Database

__all__ = ["Database"]
