"""Words of the columns that have a fixed vocabulary, each spelt once.

A member is the text in the column: it compares, prints and is stored as that text. The kinds of
insights are not here, because kinds can be added (`analysis.insights.kinds`).
"""

from __future__ import annotations

from enum import StrEnum


class Word(StrEnum):
    """A word of a fixed vocabulary, whose representation is that of its text."""

    __repr__ = str.__repr__

    @classmethod
    def listed(cls) -> str:
        """Return all words of the vocabulary as a phrase: `a, b or c`."""
        *others, last = cls
        return f"{', '.join(others)} or {last}"


class ClipStatus(Word):
    """Whether a clip can be used."""

    OK = "ok"
    QUARANTINED = "quarantined"


class Split(Word):
    """The part of a library that a clip belongs to, where the library names one of these."""

    TRAIN = "train"
    VAL = "val"
    TEST = "test"


HELD_OUT = (Split.VAL, Split.TEST)
"""Splits that the model was not trained on."""


class Severity(Word):
    """The severity of a failed check: ERROR fails the run, WARN does not."""

    ERROR = "ERROR"
    WARN = "WARN"


class Comparison(Word):
    """Whether a check compared the present state with a baseline; the fact `comparison` of one."""

    COMPARED = "compared"
    NOT_COMPARED = "not compared"


class FailOn(Word):
    """The failed checks that make a command exit with status 3."""

    ERROR = "error"
    WARN = "warn"
    NEVER = "never"


class Verb(Word):
    """What an insight suggests to do with a clip."""

    KEEP = "keep"
    DROP = "drop"
    RELABEL = "relabel"
    REMOVE = "remove"
    COLLECT = "collect"
    REVIEW = "review"


class LedgerStatus(Word):
    """How an insight changed since the previous run."""

    BORN = "born"
    GROWING = "growing"
    SHRINKING = "shrinking"
    STEADY = "steady"
    RESOLVED = "resolved"
    REGRESSED = "regressed"


class DriftPart(Word):
    """What a row of the table `drift` compares."""

    TOTAL = "total"
    MODEL_CHANGE = "model_change"
    POPULATION_CHANGE = "population_change"
    METADATA = "metadata"
    EMBEDDING = "embedding"


IS_USABLE = f"status = '{ClipStatus.OK}'"
"""SQL condition on rows of `clip_manifest`."""
