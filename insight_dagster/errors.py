"""The one error tree, and the failures that are values.

Exceptions end the caller's work; a raiser writes one message that names the file or value at fault
and the remedy, and the command line prints that message alone. `Unreadable` and `Skipped` are what
a caller counts, reports and goes on without: a result that may be absent is `X | Unreadable` or
`X | Skipped`.
"""

from __future__ import annotations

from dataclasses import dataclass


class InsightError(Exception):
    """Base of every error that this project raises on purpose."""


class SettingsError(InsightError):
    """A setting has a value that cannot be used."""


class LibraryError(InsightError):
    """A clip library is missing, empty, or laid out in a way that is not understood."""


class UnknownClassError(LibraryError):
    """A class was asked for that the library does not have."""


class DecodeError(InsightError):
    """One clip cannot be decoded exactly; the reason ends up in its quarantine row."""


class MetadataFunctionError(InsightError):
    """A metadata function that a package of the user offers cannot be imported."""


class ModelError(InsightError):
    """A model, its weights or its label list cannot be used."""


class WeightsUnavailableError(ModelError):
    """Pretrained weights are neither cached nor reachable."""


class RunFailedError(InsightError):
    """A Dagster run ended in failure; what other runs did is kept."""


class DatabaseError(InsightError):
    """The DuckDB file cannot be read or written."""


class SchemaVersionError(DatabaseError):
    """The DuckDB file was written by another version of the schema."""


class DatabaseBusyError(DatabaseError):
    """Another program held the DuckDB file for longer than the waiting time."""


class NotEnoughClipsError(InsightError):
    """Too few clips for the step that was asked for."""


class LatentSpaceError(InsightError):
    """A fitted latent space is missing, damaged, or made for other embeddings."""


class UntrustedClassError(InsightError):
    """A class's vectors are incomplete, damaged, or left from a step that failed."""


class PromotionError(InsightError):
    """A baseline cannot be promoted as things stand."""


class ChecksFailedError(InsightError):
    """A class does not pass its checks; what they say is the message."""


class UnknownInsightError(InsightError):
    """An insight was named that the tables do not have."""


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
