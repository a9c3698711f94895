"""Outcome of an asset check: passed or not, its severity, the numbers, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from insight_dagster.files.visible_text import visible
from insight_dagster.tables.status import Comparison, Severity

ERROR = Severity.ERROR
WARN = Severity.WARN


@dataclass(frozen=True)
class Outcome:
    """The outcome of one check of one class, or of all classes together.

    Attributes:
        passed: whether the check passed.
        description: what was found and, where the check failed, what to do; names in it are shown
            escaped.
        facts: the numbers behind it, JSON-serialisable.
        severity: severity of a failure. An ERROR stops what builds on the asset, a WARN does not.
    """

    passed: bool
    description: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    severity: str = WARN

    def __post_init__(self) -> None:
        if self.severity not in (ERROR, WARN):
            raise ValueError(f"severity must be {ERROR} or {WARN}, got {self.severity!r}")
        object.__setattr__(self, "description", visible(self.description))

    def with_severity(self, severity: str | None) -> Outcome:
        """Return the outcome with another severity (None = unchanged)."""
        return replace(self, severity=severity or self.severity)


def not_compared(reason: str, facts: Mapping[str, Any] | None = None) -> Outcome:
    """Return the outcome of a comparison for which there is nothing to compare: it passes.

    Args:
        reason: why nothing was compared, and how to have it compared.
        facts: the numbers behind it.
    """
    known = {**(facts or {}), "comparison": str(Comparison.NOT_COMPARED)}
    return Outcome(True, f"{Comparison.NOT_COMPARED}: {reason}", known)


def not_evaluated(problem: Exception) -> Outcome:
    """Return the outcome of a check that could not be evaluated: a failure of severity ERROR."""
    return Outcome(False, f"could not be evaluated: {problem}", severity=ERROR)
