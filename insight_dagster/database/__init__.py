"""The DuckDB file: connections, locks, schema and writes."""
