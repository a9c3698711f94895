"""Which runs of a Dagster instance belong to a home: it may share the instance with others."""

from __future__ import annotations

import dagster as dg

from insight_dagster.orchestration.stages import (
    ANALYSE_JOB,
    BACKUP_JOB,
    COMPARE,
    FORMER_NAMES,
    NIGHT_JOB,
    PROMOTE,
    STAGES,
)
from insight_dagster.resources.names import Names

JOBS = frozenset(
    {ANALYSE_JOB, NIGHT_JOB, BACKUP_JOB, *FORMER_NAMES}
    | {each.job for each in (*STAGES, COMPARE, PROMOTE)}
)
"""The names of a home's jobs."""
ASSETS = (*(name for stage in STAGES for name in stage.asset_names), "baseline")
"""The names of a home's assets."""


def is_ours(run: dg.DagsterRun, names: Names, *, alone: bool = False) -> bool:
    """Return whether a run belongs to a home: by its job, or by its assets and checks.

    Runs without a job (from the UI, backfills and automation conditions) carry no job's tags and
    are recognized by their assets.

    Args:
        run: of the instance.
        names: of the home in the instance.
        alone: whether to leave out runs that also have assets of others.
    """
    if run.job_name in JOBS:
        return names.owns(run)
    keys = set(run.asset_selection or ())
    keys |= {check.asset_key for check in run.asset_check_selection or ()}
    ours = keys & set(names.keys(ASSETS))
    return ours == keys != set() if alone else bool(ours)
