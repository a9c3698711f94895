"""Numbers of clips that a pass could not decode."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from insight_dagster.errors import Fault, Unreadable
from insight_dagster.pipeline.step_result import Facts


def count_problems(problems: Iterable[Mapping[str, Unreadable]]) -> Facts:
    """Return the number of quarantined clips, and of those whose files changed meanwhile."""
    faults = [each.fault for found in problems for each in found.values()]
    return {"quarantined": len(faults), "replaced": faults.count(Fault.REPLACED)}
