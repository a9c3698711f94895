"""The ledger's new lines for a class: its present insights against the last lines of other runs."""

from datetime import UTC, datetime
from typing import Any

from insight_dagster.analysis.insights import InsightSet
from insight_dagster.analysis.insights.history.ledger import next_lines
from insight_dagster.database import Database

_LAST_LINES = """
    SELECT * FROM insight_ledger WHERE class_name = ? AND run_id <> ?
    QUALIFY row_number() OVER (PARTITION BY ledger_id ORDER BY recorded_at DESC) = 1
    ORDER BY ledger_id"""


def ledger_lines(
    store: Database, found: InsightSet, class_name: str, run_id: str
) -> list[dict[str, Any]]:
    """Lines of what a run changes; a run that is tried again gives the same ones."""
    core = found.core_members()
    present = [
        {**row, "clip_ids": core.get(row["insight_id"], [])} for row in found.insights.to_pylist()
    ]
    return next_lines(
        store.read(_LAST_LINES, [class_name, run_id]).to_pylist(),
        present,
        run_id=run_id,
        recorded_at=datetime.now(UTC).replace(tzinfo=None),
    )
