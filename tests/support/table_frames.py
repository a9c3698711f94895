"""Frames with the columns of a table."""

from __future__ import annotations

import pandas as pd

from insight_dagster.tables.columns import Table


def frame(table: Table, columns: dict[str, object], rows: int) -> pd.DataFrame:
    """Return a frame with all columns of a table; those not given are None."""
    return pd.DataFrame({name: columns.get(name, [None] * rows) for name in table.column_names})
