"""The exceptions that this project raises on purpose, and failures that are returned as values.

An exception ends the caller's work. Its message says what is wrong, with the file or the value, and
what to do; the command line prints that message alone. `Unreadable` and `Skipped` are returned
where the caller counts and reports failures and continues without the result, as in
`X | Unreadable`. Nothing here catches.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from typing import ClassVar

from insight_dagster.files.visible_text import visible


class Fault(StrEnum):
    """What is at fault when a file cannot be used, which decides when it is tried again.

    Attributes:
        FILE: the file itself; it is tried again when it changes.
        MOMENT: a limit, a killed process, a lost mount, a missing decoder; the file is tried again
            with the next run.
        REPLACED: the file changed while it was being read; it is listed again, in the same run
            where possible.
    """

    __repr__ = str.__repr__
    FILE = "file"
    MOMENT = "moment"
    REPLACED = "replaced"


def choices(value: str, known: Iterable[str]) -> str:
    """Return advice for an unknown value: the nearest known one, and all of them."""
    names = sorted(known)
    nearest = get_close_matches(value, names, n=1)
    meant = f"did you mean {nearest[0]!r}? " if nearest else ""
    return f"{meant}choose from {', '.join(names) or 'nothing: there is none yet'}"


class InsightError(Exception):
    """The base class of every error that this project raises on purpose.

    Its text may be shown anywhere: control characters of names that it quotes are escaped.

    Attributes:
        exit_status: what the command line ends with: 1 for a failure, 2 for a wrong argument or
            setting.
    """

    exit_status: ClassVar[int] = 1

    def __str__(self) -> str:
        return visible(super().__str__())


class SettingsError(InsightError):
    """A setting or argument has an invalid value, or several contradict each other."""

    exit_status = 2


class UnavailableError(SettingsError):
    """What a setting or argument names is not there yet, or cannot be written."""

    exit_status = 1


class LibraryError(InsightError):
    """A clip library is missing, empty, or has an unknown layout."""


class UnknownClassError(LibraryError):
    """A class was requested that the library does not have."""

    exit_status = 2


class UnknownClipError(LibraryError):
    """A clip was requested that the tables do not have, or that several clips match."""

    exit_status = 2


class DecodeError(InsightError):
    """A clip cannot be decoded exactly; the reason is stored with the quarantined clip.

    Attributes:
        fault: what is at fault.
    """

    def __init__(self, reason: str, fault: Fault = Fault.FILE) -> None:
        super().__init__(reason)
        self.fault = fault


class MetadataFunctionError(InsightError):
    """A metadata function offered by an installed package cannot be imported."""


class ModelError(InsightError):
    """A model, its weights or its label list cannot be used."""


class WeightsUnavailableError(ModelError):
    """Pretrained weights are neither cached nor reachable."""


class RunFailedError(InsightError):
    """A Dagster run failed; results of other runs are kept."""


class DatabaseError(InsightError):
    """The DuckDB file cannot be read or written."""


class SchemaVersionError(DatabaseError):
    """The DuckDB file has another schema version or other columns, or another program made it."""


class DatabaseUnavailableError(DatabaseError):
    """The DuckDB file cannot be used at present, so that no class can be analysed: runs end."""


class DatabaseBusyError(DatabaseUnavailableError):
    """Another program held the DuckDB file for longer than the lock timeout."""


class DamagedDatabaseError(DatabaseUnavailableError):
    """The DuckDB file is damaged: it has other bytes than were written, or cannot be read."""


class UncheckedDatabaseError(DatabaseUnavailableError):
    """Whether the DuckDB file is damaged cannot be found out: for want of memory or time."""


class DagsterInstanceError(InsightError):
    """The database of a Dagster instance is damaged, locked, or cannot be written."""


class BackupError(InsightError):
    """A backup cannot be written, is damaged, or cannot be brought back."""


class NotEnoughClipsError(InsightError):
    """There are too few clips for a step."""


class LatentSpaceError(InsightError):
    """A fitted latent space is missing, damaged, or was fitted on other embeddings."""


class UntrustedClassError(InsightError):
    """A class's vectors are incomplete, damaged, or left over from a failed step."""


class PromotionError(InsightError):
    """A baseline cannot be promoted: author or reason is missing, or checks fail."""


class ChecksFailedError(InsightError):
    """A class does not pass its checks; the message is what the failed checks report."""


class NotPassedError(InsightError):
    """All work was done, but a class does not pass its checks; the message names them."""

    exit_status = 3


class UnknownCheckError(InsightError):
    """A check was named that does not exist."""

    exit_status = 2


class UnknownInsightError(InsightError):
    """An insight was requested that the tables do not have."""

    exit_status = 2


@dataclass(frozen=True)
class Unreadable:
    """A file or clip that cannot be read or decoded.

    Attributes:
        reason: what is wrong with it, as shown in the tables.
        fault: what is at fault.
    """

    reason: str
    fault: Fault = Fault.FILE

    @classmethod
    def from_error(cls, error: DecodeError | OSError) -> Unreadable:
        """Return the failure for an error of decoding or of the operating system."""
        if isinstance(error, DecodeError):
            return cls(str(error), error.fault)
        reason = (error.strerror or type(error).__name__).lower()
        return cls(f"the file cannot be read ({reason})", Fault.MOMENT)


@dataclass(frozen=True)
class Skipped:
    """A step that was not carried out, because its result would be missing or meaningless.

    Attributes:
        reason: why, as shown in the tables.
    """

    reason: str
