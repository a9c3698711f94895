"""Groups and causes in a few words, as sentences and lists show them.

Phrases that several kinds or pages share belong here; the sentence of a kind is in its module.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from insight_dagster.tables.insights import Cause

_RELATIVES = 3
_NAMED = 3


def clips_of(labels: Sequence[str], *, rule: str = "") -> str:
    """Return how many clips of which classes a group has, as the start of a sentence.

    `mostly` means more than half.

    Args:
        labels: of the clips.
        rule: rule that describes the group, '' = none.
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


def cause_phrases(causes: Sequence[Cause], *, count: int = 3) -> list[str]:
    """Return the leading causes, as `higher brightness (also contrast)`, and a rule if any.

    Args:
        causes: of one insight, by rank.
        count: most leading causes.
    """
    fields = [each for each in causes if not each.is_rule]
    phrases = []
    for leader in [each for each in fields if each.leads][:count]:
        relatives = [each.field for each in fields if each.relative_of == leader.field]
        also = f" (also {', '.join(relatives[:_RELATIVES])})" if relatives else ""
        phrases.append(f"{leader.direction} {leader.field}{also}")
    return phrases + [each.field for each in causes if each.is_rule]
