"""The gate: which failed checks keep classes from passing, for commands that exit with status 3.

What a check decides does not belong here (`analysis/checks`), nor who is asked to pass.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from insight_dagster.database import Database
from insight_dagster.errors import NotPassedError
from insight_dagster.tables import CHECK_RESULTS, STEP_FAILURES, VERDICTS
from insight_dagster.tables.operations import ALL_CLASSES
from insight_dagster.tables.status import FailOn, Severity

_SHOWN = 5


@dataclass(frozen=True)
class FailedCheck:
    """A check that failed.

    Attributes:
        class_name: of which class; '' for all classes together.
        name: of the check.
        severity: ERROR or WARN.
        description: what was found.
    """

    class_name: str
    name: str
    severity: str
    description: str

    def __str__(self) -> str:
        of_class = f" of {self.class_name!r}" if self.class_name else ""
        return f"{self.name}{of_class} ({self.severity}): {self.description}"


def require_passing(
    failed: Iterable[FailedCheck],
    fail_on: FailOn,
    *,
    classes: Collection[str] | None = None,
    checks: Collection[str] | None = None,
) -> None:
    """Raise an error if a check failed.

    Args:
        failed: all failed checks, errors first.
        fail_on: `error`: a failed check of severity ERROR, or a class whose verdict does not pass;
            `warn`: any failed check; `never`: nothing.
        classes: to ask about, beside the checks of all classes together; None for every class.
        checks: to ask about; None for every check, and for the verdicts.

    Raises:
        NotPassedError: names the checks and classes.
    """
    if fail_on == FailOn.NEVER:
        return
    found = [
        each
        for each in failed
        if (checks is None or each.name in checks)
        and (classes is None or each.class_name in {*classes, ALL_CLASSES})
        and (fail_on == FailOn.WARN or each.severity == Severity.ERROR)
    ]
    if found:
        more = f"; {len(found) - _SHOWN} more, see `insight status`" if found[_SHOWN:] else ""
        raise NotPassedError(f"does not pass: {'; '.join(map(str, found[:_SHOWN]))}{more}")


def failed_checks(store: Database) -> Sequence[FailedCheck]:
    """Return every failed check, those of severity ERROR first, and what verdicts add to them.

    Args:
        store: the database, or the snapshot of which a command shows the state.
    """
    found = [
        FailedCheck(row["class_name"], row["check_name"], row["severity"], row["description"])
        for row in store.rows(CHECK_RESULTS).to_pylist()
        if not row["passed"]
    ]
    known = {(each.class_name, each.name) for each in found if each.severity == Severity.ERROR}
    found += _of_verdicts(store, known)
    return sorted(found, key=lambda each: (each.severity != Severity.ERROR, each.class_name))


def _of_verdicts(store: Database, known: Collection[tuple[str, str]]) -> Iterator[FailedCheck]:
    """Yield the errors of verdicts that no failed check stands for, such as a failed step."""
    reasons = {
        (row["class_name"], f"{row['asset']}_failed"): row["reason"]
        for row in store.rows(STEP_FAILURES).to_pylist()
    }
    for row in store.rows(VERDICTS).to_pylist():
        for name in _errors(row):
            key = (row["class_name"], name)
            if key not in known:
                reason = reasons.get(key, "the class did not pass when it was last evaluated")
                yield FailedCheck(*key, Severity.ERROR, reason)


def _errors(verdict: dict[str, Any]) -> Sequence[str]:
    return () if verdict["cleared"] else (verdict["errors"] or ("verdict",))
