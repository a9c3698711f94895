"""Comparison of the tables of two homes, up to what is history by design."""

from __future__ import annotations

import pyarrow as pa

from insight_dagster.database import Database
from insight_dagster.settings import Settings
from insight_dagster.tables import TABLES
from insight_dagster.tables.columns import Table

HISTORY = frozenset(
    {"insight_ledger", "baselines", "baseline_clips", "drift", "step_failures", "pinned_insights",
     "latent_spaces", "last_write"}
)  # fmt: skip
"""Tables of what happened, which a fresh home cannot have."""
_MOMENTS = frozenset({"created_at", "decided_at", "recorded_at", "evaluated_at", "run_id"})


def unequal(ours: Settings, theirs: Settings) -> tuple[str, ...]:
    """Return the tables that differ between two homes."""
    return tuple(
        table.name
        for table in TABLES
        if table.name not in HISTORY and not _rows(ours, table).equals(_rows(theirs, table))
    )


def _rows(settings: Settings, table: Table) -> pa.Table:
    rows = Database(settings.folders.database).rows(table)
    return rows.drop_columns([name for name in rows.column_names if name in _MOMENTS])
