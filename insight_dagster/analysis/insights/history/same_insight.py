"""When two groups of clips, found at different times, are the same insight.

One definition for pins and for the ledger; what follows from it belongs to them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SAME_GROUP = 0.5
"""Share of the earlier group's clips that the later one holds: a group that grows is the same."""
_KIND = ("class_name", "kind", "population", "other_class")


def is_same(earlier: Mapping[str, Any], later: Mapping[str, Any]) -> bool:
    """Whether two rows with `clip_ids` are of one kind and the later one holds enough clips."""
    return (
        all(later[name] == earlier[name] for name in _KIND) and kept(earlier, later) >= SAME_GROUP
    )


def kept(earlier: Mapping[str, Any], later: Mapping[str, Any]) -> float:
    """Share of the earlier clips that the later group holds."""
    before = set(earlier["clip_ids"])
    return len(before & set(later["clip_ids"])) / len(before) if before else 0.0


def overlap(earlier: Mapping[str, Any], later: Mapping[str, Any]) -> float:
    """Jaccard similarity of the two groups' clips."""
    before, after = set(earlier["clip_ids"]), set(later["clip_ids"])
    return len(before & after) / max(1, len(before | after))
