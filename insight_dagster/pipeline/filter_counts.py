"""The number of clips in each population and contrast of the settings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from insight_dagster.analysis.insights import populations
from insight_dagster.analysis.sql_filters import Sandbox, matching, sandbox
from insight_dagster.errors import SettingsError
from insight_dagster.settings import Settings


def filter_rows(settings: Settings, clips: pa.Table) -> list[dict[str, Any]]:
    """Return one row per filter: the built-in populations, then the settings' own filters.

    Args:
        settings: the settings, with populations and contrasts.
        clips: columns that filters can use, as `read_filter_columns` returns them.
    """
    all_filters = [("population", p.name, p.sql, p.description) for p in populations.POPULATIONS]
    for kind, filters in (
        ("population", settings.populations),
        ("contrast", settings.contrasts),
    ):
        all_filters += [(kind, name, f.sql, f.description) for name, f in sorted(filters.items())]
    with sandbox(clips, memory_mib=settings.filter_memory_mib) as opened:
        return [_row(settings, opened, *each) for each in all_filters]


def _row(
    settings: Settings,
    opened: Sandbox,
    kind: str,
    name: str,
    sql: str,
    description: str,
) -> dict[str, Any]:
    row: dict[str, Any] = {"kind": kind, "name": name, "sql": sql, "description": description}
    try:
        inside = matching(opened, sql, name=name, seconds=settings.filter_seconds)
    except SettingsError as problem:
        return {**row, "clips": None, "problem": str(problem)}
    count = int(np.nansum(inside))
    few = kind == "population" and count < populations.FEWEST_CLIPS
    return {**row, "clips": count, "problem": "too few clips to look at" if few else None}
