"""Groups and causes in few words, relatives folded behind the cause that they go with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

_RELATIVES = 3
_NAMED = 3


def clips_of(labels: Sequence[str], *, rule: str = "") -> str:
    """How many clips of which classes, and the rule that they meet, as a sentence begins.

    `mostly` says more than half, and nothing less.
    """
    counts = sorted(Counter(map(str, labels)).items(), key=lambda each: (-each[1], each[0]))
    first, most = counts[0]
    described = f" with {rule}" if rule else ""
    if most == len(labels):
        return f"{most} {first} clips{described}"
    if most > len(labels) / 2:
        return f"{len(labels)} clips{described}, mostly {first},"
    named = ", ".join(f"{name} {count}" for name, count in counts[:_NAMED])
    others = sum(count for _, count in counts[_NAMED:])
    more = f", others {others}" if others else ""
    return f"{len(labels)} clips of {len(counts)} classes ({named}{more}){described}"


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
