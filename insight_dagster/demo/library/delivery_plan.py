"""The plan of a demo library's second delivery: clips by another crew with a worse camera.

Everything is decided here, from the library's marker; rendering and writing the clips (`rendering`,
`library_files`) do not belong here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from insight_dagster.demo.library.clip_plan import ClipPlan, make_plan, plain_clips, planned_count
from insight_dagster.demo.library.marker import Marker

DELIVERIES = (2,)
"""Deliveries that can be added to a library; the first is the library itself."""

DELIVERY_FAULT = "delivery_2"
"""Name of the fault in truth.csv; its groups are new_clip, replaced and new_class."""

NEW_CLASS = "skateboarding"
"""The new class: the demo model knows it, and the first delivery has no clips of it."""

NEW_SHARE = 0.5
REPLACED_SHARE = 0.1
_DEGRADATION = (0.6, 0.9)


def clips_of(marker: Marker) -> tuple[ClipPlan, ...]:
    """Return all clips of a library with this marker: as first rendered, then those delivered."""
    first = _first_delivery(marker)
    delivered = plan_delivery(marker) if marker.delivery > 1 else ()
    return tuple({clip.path: clip for clip in (*first, *delivered)}.values())


def plan_delivery(marker: Marker) -> tuple[ClipPlan, ...]:
    """Plan the clips of delivery 2: replaced clips, then new clips; the same marker, the same plan.

    Each class gets half as many new clips as it has, split like the first delivery, and a tenth of
    its clips are replaced: the same scene at the same path, filmed by the new crew. Only clips
    without a fault are replaced, so that the truth.csv of the first delivery stays valid; a class
    of a tiny library may have none. The new class has as many clips as the new part of the others,
    without degradation, so that it differs only by being new.
    """
    first = _first_delivery(marker)
    rng = np.random.default_rng([marker.seed, 2])
    return tuple(_replaced(rng, first, marker) + _added(rng, first, marker))


def _first_delivery(marker: Marker) -> tuple[ClipPlan, ...]:
    return make_plan(
        seed=marker.seed,
        clips_per_class=marker.clips_per_class,
        classes=marker.classes,
        faults=marker.faults,
    )


def _replaced(
    rng: np.random.Generator, first: Sequence[ClipPlan], marker: Marker
) -> list[ClipPlan]:
    count = planned_count(marker.clips_per_class, REPLACED_SHARE)
    chosen: list[ClipPlan] = []
    for label in marker.classes:
        free = [clip for clip in first if clip.label == label and set(clip.faults) <= {"format"}]
        chosen += [free[position] for position in sorted(rng.permutation(len(free))[:count])]
    return [_degraded(rng, _marked(clip, "replaced")) for clip in chosen]


def _added(rng: np.random.Generator, first: Sequence[ClipPlan], marker: Marker) -> list[ClipPlan]:
    count = planned_count(marker.clips_per_class, NEW_SHARE)
    added = []
    for clip in plain_clips(rng, count, (*marker.classes, NEW_CLASS)):
        # Random streams are numbered across the library, so that no new clip repeats an old one.
        number = len(first) + clip.index
        numbered = replace(clip, index=number, content=number)
        if clip.label == NEW_CLASS:
            added.append(_marked(numbered, "new_class"))
        else:
            added.append(_degraded(rng, _marked(numbered, "new_clip")))
    return added


def _marked(clip: ClipPlan, group: str) -> ClipPlan:
    return replace(clip, truths=(*clip.truths, (DELIVERY_FAULT, group)))


def _degraded(rng: np.random.Generator, clip: ClipPlan) -> ClipPlan:
    return replace(clip, degradation=round(float(rng.uniform(*_DEGRADATION)), 3))
