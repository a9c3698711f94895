"""What a check hands back: passed or not, how grave, the numbers, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

ERROR = "ERROR"
WARN = "WARN"


@dataclass(frozen=True)
class Outcome:
    """One check of one class (or of all).

    Attributes:
        passed: whether the check passed.
        description: what was seen, and what to do where it failed.
        facts: the numbers behind it, JSON-able.
        severity: what a failure means: ERROR stops what builds on it, WARN does not.
    """

    passed: bool
    description: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    severity: str = WARN

    def __post_init__(self) -> None:
        if self.severity not in (ERROR, WARN):
            raise ValueError(f"severity must be {ERROR} or {WARN}, got {self.severity!r}")

    def with_severity(self, severity: str | None) -> Outcome:
        """The same outcome with the severity that a user chose, if one did."""
        return replace(self, severity=severity or self.severity)


def not_judged(problem: Exception) -> Outcome:
    """What is said where a check could not be made: never a pass."""
    return Outcome(False, f"could not be judged: {problem}", severity=ERROR)
