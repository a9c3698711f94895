"""The check of the report: is it there, and does it show every class."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from insight_dagster.analysis.checks.outcome import ERROR, WARN, Outcome


def report_complete(page: Path, *, usable: Mapping[str, int], placed: Mapping[str, int]) -> Outcome:
    """The page exists, and every usable clip is placed in the latent space that it shows.

    Args:
        page: the report's file.
        usable: usable clips of every class.
        placed: those of them that are placed in the present latent space.
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
        description=f"not shown completely: {shown}. Materialize projection and clusters of these"
        if missing
        else f"{len(usable)} classes with {sum(usable.values())} clips",
        facts={"classes": len(usable), "clips": sum(usable.values()), "incomplete": missing},
    )
