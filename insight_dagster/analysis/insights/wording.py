"""Causes in few words, relatives folded behind the cause that they go with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_RELATIVES = 3


def cause_phrases(causes: Sequence[Mapping[str, Any]], *, count: int = 3) -> list[str]:
    """The first causes that lead, as `higher brightness (also contrast)`, and a rule if any.

    Args:
        causes: rows of `insight_causes` of one insight, by rank.
        count: leaders wanted.
    """
    leaders = [each for each in causes if not each["relative_of"] and each["direction"] != "rule"]
    phrases = []
    for leader in leaders[:count]:
        kin = [
            each["field"]
            for each in causes
            if each["relative_of"] == leader["field"] and each["direction"] != "rule"
        ]
        also = f" (also {', '.join(kin[:_RELATIVES])})" if kin else ""
        phrases.append(f"{leader['direction']} {leader['field']}{also}")
    return phrases + [each["field"] for each in causes if each["direction"] == "rule"]
