"""Check of the report: whether it exists and shows every class completely."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from insight_dagster.analysis.checks.outcome import ERROR, WARN, Outcome


def report_complete(page: Path, *, usable: Mapping[str, int], placed: Mapping[str, int]) -> Outcome:
    """Check that the report exists and shows every usable clip.

    Args:
        page: the report's first page.
        usable: number of usable clips by class.
        placed: number of these that are placed in the current latent space, by class.
    """
    if not page.is_file() or not page.stat().st_size:
        return Outcome(False, f"{page} is missing; materialize insight_report", {}, ERROR)
    missing = {
        name: f"{placed.get(name, 0)} of {count} clips"
        for name, count in sorted(usable.items())
        if placed.get(name, 0) < count
    }
    shown = "; ".join(f"{name}: {text}" for name, text in missing.items())
    return Outcome(
        passed=not missing,
        severity=WARN,
        description=f"incomplete: {shown}. Materialize projection and clusters of these classes"
        if missing
        else f"{len(usable)} classes with {sum(usable.values())} clips",
        facts={"classes": len(usable), "clips": sum(usable.values()), "incomplete": missing},
    )
