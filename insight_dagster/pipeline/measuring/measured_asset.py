"""What a pass over a class's clips returns for one asset."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from insight_dagster.pipeline.timer import Facts
from insight_dagster.tables.columns import Table


@dataclass(frozen=True)
class MeasuredAsset:
    """Rows of the class that the asset wrote, and facts to show beside them.

    Attributes:
        table: that the rows are of.
        rows: of the class.
        facts: clips computed, reused, removed and quarantined, seconds, ...
    """

    table: Table
    rows: pa.Table
    facts: Facts
