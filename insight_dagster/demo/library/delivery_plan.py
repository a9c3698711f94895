"""Which clips the second delivery of a demo library brings: another crew with a worse camera.

Decisions only, all from the library's marker: nothing is drawn, encoded or written here.
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
"""The fault in truth.csv; its groups are new_clip, replaced and new_class."""

NEW_CLASS = "skateboarding"
"""The class that arrives: the demo model knows it, the first delivery does not show it."""

NEW_SHARE = 0.5
REPLACED_SHARE = 0.1
_GLOOM = (0.6, 0.9)


def clips_of(marker: Marker) -> tuple[ClipPlan, ...]:
    """All clips of a library with this marker, in a fixed order: as rendered, then as delivered."""
    first = _first_delivery(marker)
    brought = plan_delivery(marker) if marker.delivery > 1 else ()
    return tuple({clip.path: clip for clip in (*first, *brought)}.values())


def plan_delivery(marker: Marker) -> tuple[ClipPlan, ...]:
    """The clips that delivery 2 writes: replaced ones, then new ones; same marker, same plan.

    Every class gets half as many new clips as it has, split like the first delivery, and a
    tenth of its clips replaced: the same scene at the same path, filmed by the new crew. Only
    clips without a fault are replaced, so that the truth of the first delivery stays true; in a
    tiny library a class may have none. The new class is as large as the new part of the others,
    and in good light: it differs by being new alone.
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
    return [_gloomy(rng, _marked(clip, "replaced")) for clip in chosen]


def _added(rng: np.random.Generator, first: Sequence[ClipPlan], marker: Marker) -> list[ClipPlan]:
    count = planned_count(marker.clips_per_class, NEW_SHARE)
    added = []
    for clip in plain_clips(rng, count, (*marker.classes, NEW_CLASS)):
        # Random streams are numbered through the library: no new clip repeats an old picture.
        number = len(first) + clip.index
        numbered = replace(clip, index=number, content=number)
        if clip.label == NEW_CLASS:
            added.append(_marked(numbered, "new_class"))
        else:
            added.append(_gloomy(rng, _marked(numbered, "new_clip")))
    return added


def _marked(clip: ClipPlan, group: str) -> ClipPlan:
    return replace(clip, truths=(*clip.truths, (DELIVERY_FAULT, group)))


def _gloomy(rng: np.random.Generator, clip: ClipPlan) -> ClipPlan:
    return replace(clip, gloom=round(float(rng.uniform(*_GLOOM)), 3))
