"""Failures as values: what a caller counts, reports and goes on without.

A result that may be absent is `X | Unreadable` or `X | Skipped`, and a check that may find nothing
wrong returns one of them or None. Failures that end the caller's work are exceptions (`errors`).
"""

from __future__ import annotations

from dataclasses import dataclass

_REFUSED_BY_SYSTEM = "the file cannot be read"


@dataclass(frozen=True)
class Unreadable:
    """A file or clip that cannot be read or decoded.

    Attributes:
        reason: what is wrong with it, as people read it in the tables.
    """

    reason: str

    @classmethod
    def from_os_error(cls, error: OSError) -> Unreadable:
        """Describe a file that the system refuses, for example for want of permission."""
        return cls(f"{_REFUSED_BY_SYSTEM} ({(error.strerror or type(error).__name__).lower()})")

    @property
    def is_temporary(self) -> bool:
        """Whether the system refused the file, so that reading it later may succeed."""
        return self.reason.startswith(_REFUSED_BY_SYSTEM)


@dataclass(frozen=True)
class Skipped:
    """A step that was not carried out, because its result would be missing or meaningless.

    Attributes:
        reason: what it lacked, as people read it.
    """

    reason: str
