"""Ranges of classes: how Dagster is told which partitions a run materializes.

A run takes a range of partitions, first and last, not a set of them. Which classes a stage is run
for does not belong here (`run_stages`).
"""

from __future__ import annotations

from collections.abc import Sequence

from insight_dagster.orchestration.dagster_internals import RANGE_END_TAG, RANGE_START_TAG
from insight_dagster.resources.partitions import CLASSES_PER_RUN

ClassRange = tuple[str, str]
"""First and last class of a run, in the order of Dagster's partitions."""


def range_tags(class_range: ClassRange) -> dict[str, str]:
    """Return the tags that make a run materialize a range of classes."""
    return dict(zip((RANGE_START_TAG, RANGE_END_TAG), class_range, strict=True))


def class_ranges(
    classes: Sequence[str], partitions: Sequence[str], *, size: int = CLASSES_PER_RUN
) -> list[ClassRange]:
    """Return the fewest ranges of partitions that cover the classes and no other.

    Args:
        classes: what to cover, in any order.
        partitions: all partitions in Dagster's order; classes not among them are left out.
        size: largest number of classes in a range.
    """
    wanted, found = set(classes), list[list[str]]()
    previous_wanted = False
    for name in partitions:
        if name in wanted:
            if not previous_wanted or len(found[-1]) >= size:
                found.append([])
            found[-1].append(name)
        previous_wanted = name in wanted
    return [(group[0], group[-1]) for group in found]
