"""Levels of alarm, and the evaluation of a drift.

Shared by performance (`performance/evaluation`) and data (`data/evaluation`), which compare effects
and p-values with the thresholds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """Level of alarm, rising; `NOT_TESTED`: too few clips to tell."""

    OK = "ok"
    NOT_TESTED = "not_tested"
    WARN = "warn"
    ERROR = "error"


@dataclass(frozen=True)
class Evaluation:
    """Evaluation of the drift of one class, or of all classes together.

    Attributes:
        level: the highest level of the causes.
        causes: what drifted, one sentence each with its numbers.
        not_tested: what could not be tested, and why.
    """

    level: Level
    causes: tuple[str, ...]
    not_tested: tuple[str, ...]


def effect_level(effect: float, warn: float, error: float | None) -> Level:
    """Return the level of an effect; without an error threshold it is at most a WARN."""
    if error is not None and effect >= error:
        return Level.ERROR
    return Level.WARN if effect >= warn else Level.OK


def highest_level(levels: Sequence[Level]) -> Level:
    """Return the highest level; `NOT_TESTED` if there is none."""
    return max(levels, key=list(Level).index, default=Level.NOT_TESTED)
