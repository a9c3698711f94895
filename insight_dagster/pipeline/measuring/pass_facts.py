"""Facts about a pass over the clips of a class: what it could not decode, what two passes did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from insight_dagster.errors import Fault, Unreadable
from insight_dagster.pipeline.step_result import Facts


def count_problems(problems: Iterable[Mapping[str, Unreadable]]) -> Facts:
    """Return the number of quarantined clips, and of those whose files changed meanwhile."""
    faults = [each.fault for found in problems for each in found.values()]
    return {"quarantined": len(faults), "replaced": faults.count(Fault.REPLACED)}


def facts_of_both(earlier: Facts, later: Facts) -> Facts:
    """Return the facts of a pass and of the pass after it over the clips that were listed again.

    Problems that only the first pass met, such as those of metadata functions, are kept.
    """
    facts = {**earlier, **later}
    facts["reused"] = max(0, later["reused"] - earlier["computed"])
    for name in ("computed", "removed", "quarantined", "seconds"):
        facts[name] = earlier[name] + later[name]
    facts["quarantined"] -= earlier["replaced"]  # they were looked at again
    facts.pop("clips_per_second", None)
    return facts
