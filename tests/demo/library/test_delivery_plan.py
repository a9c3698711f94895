"""The plan of the second delivery: counts, splits, and what it does not change."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from insight_dagster.demo.classes import DEMO_CLASSES, DISTRACTOR_CLASSES
from insight_dagster.demo.library.clip_plan import ClipPlan
from insight_dagster.demo.library.delivery_plan import (
    DELIVERY_FAULT,
    NEW_CLASS,
    clips_of,
    plan_delivery,
)
from insight_dagster.demo.library.fault_shares import FaultShares
from insight_dagster.demo.library.marker import Marker


def _marker(clips_per_class: int, seed: int = 3) -> Marker:
    return Marker(seed, clips_per_class, DEMO_CLASSES, FaultShares())


def _group(plan: tuple[ClipPlan, ...], group: str) -> list[ClipPlan]:
    return [clip for clip in plan if (DELIVERY_FAULT, group) in clip.truths]


@pytest.mark.parametrize(("size", "new", "replaced"), [(80, 40, 8), (8, 4, 1)])
def test_every_class_gets_its_share(size: int, new: int, replaced: int) -> None:
    plan = plan_delivery(_marker(size))
    labels = Counter(clip.label for clip in _group(plan, "new_clip"))
    assert labels == dict.fromkeys(DEMO_CLASSES, new)
    assert Counter(clip.label for clip in _group(plan, "new_class")) == {NEW_CLASS: new}
    assert Counter(clip.label for clip in _group(plan, "replaced")) == dict.fromkeys(
        DEMO_CLASSES, replaced
    )
    assert len(plan) == 6 * new + 5 * replaced


@pytest.mark.parametrize("seed", range(5))
def test_the_smallest_library_gets_some_of_everything(seed: int) -> None:
    plan = plan_delivery(_marker(2, seed))
    assert {clip.label for clip in _group(plan, "new_clip")} == set(DEMO_CLASSES)
    assert _group(plan, "new_class")
    assert _group(plan, "replaced")


def test_new_clips_are_split_like_the_first_delivery() -> None:
    plan = plan_delivery(_marker(80))
    added = _group(plan, "new_clip") + _group(plan, "new_class")
    counts = Counter((clip.label, clip.split) for clip in added)
    for label in (*DEMO_CLASSES, NEW_CLASS):
        assert [counts[label, split] for split in ("train", "val", "test")] == [28, 6, 6]


def test_replaced_clips_keep_everything_but_the_light() -> None:
    first = {clip.path: clip for clip in clips_of(_marker(80))}
    for clip in _group(plan_delivery(_marker(80)), "replaced"):
        before = first[clip.path]
        assert set(before.faults) <= {"format"}
        assert clip.degradation > before.degradation == 0
        assert clip.truths == (*before.truths, (DELIVERY_FAULT, "replaced"))
        assert replace(clip, degradation=0.0, truths=before.truths) == before


def test_new_clips_repeat_neither_a_name_nor_a_picture() -> None:
    marker = _marker(80)
    first, plan = clips_of(marker), plan_delivery(marker)
    added = _group(plan, "new_clip") + _group(plan, "new_class")
    assert not {clip.path for clip in first} & {clip.path for clip in added}
    assert not {clip.content for clip in first} & {clip.content for clip in added}
    assert len({clip.content for clip in added}) == len({clip.name for clip in added}) == 240


def test_the_new_crew_degrades_clips_but_not_the_new_class() -> None:
    plan = plan_delivery(_marker(8))
    dark = _group(plan, "new_clip") + _group(plan, "replaced")
    assert all(0.5 < clip.degradation <= 1 for clip in dark)
    assert len({clip.degradation for clip in dark}) > len(dark) / 2
    assert {clip.degradation for clip in _group(plan, "new_class")} == {0.0}
    assert all(clip.shows == clip.label for clip in plan)


def test_the_new_class_is_one_that_the_model_knows() -> None:
    assert NEW_CLASS in DISTRACTOR_CLASSES


def test_a_delivered_library_holds_both_deliveries() -> None:
    marker = _marker(8)
    first, plan = clips_of(marker), plan_delivery(marker)
    held = clips_of(replace(marker, delivery=2))
    assert len(held) == len(first) + len(plan) - len(_group(plan, "replaced"))
    assert set(plan) <= set(held)


def test_same_seed_same_delivery_other_seed_another() -> None:
    assert plan_delivery(_marker(8)) == plan_delivery(_marker(8))
    assert plan_delivery(_marker(8)) != plan_delivery(_marker(8, seed=4))
