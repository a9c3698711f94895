"""The plan of a demo library: shares, splits and planted faults."""

from __future__ import annotations

from collections import Counter, defaultdict

import pytest

from insight_dagster.demo.classes import DEMO_CLASSES, LOOKALIKE_PAIR
from insight_dagster.demo.library.clip_plan import ClipPlan, make_plan
from insight_dagster.demo.library.fault_shares import FaultShares
from insight_dagster.errors import LibraryError


@pytest.fixture(scope="module")
def plan() -> tuple[ClipPlan, ...]:
    return _plan(seed=3)


def _plan(seed: int, clips: int = 80, faults: FaultShares | None = None) -> tuple[ClipPlan, ...]:
    return make_plan(
        seed=seed, clips_per_class=clips, classes=DEMO_CLASSES, faults=faults or FaultShares()
    )


def _with(plan: tuple[ClipPlan, ...], fault: str) -> list[ClipPlan]:
    return [clip for clip in plan if fault in clip.faults]


def test_every_class_is_split_70_15_15(plan: tuple[ClipPlan, ...]) -> None:
    counts = Counter((clip.label, clip.split) for clip in plan)
    for label in DEMO_CLASSES:
        assert [counts[label, s] for s in ("train", "val", "test")] == [56, 12, 12]


@pytest.mark.parametrize(
    ("fault", "clips"),
    [
        ("selfie_stick", 11),
        ("title_card", 20),
        ("lookalike", 32),
        ("mislabeled", 8),
        ("leak", 16),
        ("duplicate", 12),
        ("corrupt", 6),
        ("format", 40),
    ],
)
def test_shares_of_400_clips(plan: tuple[ClipPlan, ...], fault: str, clips: int) -> None:
    assert len(_with(plan, fault)) == clips


def test_selfie_sticks_are_snowboarding_train_clips(plan: tuple[ClipPlan, ...]) -> None:
    members = _with(plan, "selfie_stick")
    assert {(clip.label, clip.split) for clip in members} == {("snowboarding", "train")}


def test_most_title_cards_are_disc_golfing_and_fill_the_window(plan: tuple[ClipPlan, ...]) -> None:
    cards = _with(plan, "title_card")
    assert sum(clip.label == "disc golfing" for clip in cards) >= 0.6 * len(cards)
    assert len({clip.label for clip in cards}) > 1
    assert min(clip.card_seconds for clip in cards) > 0.8 * 16 * 5 / 30


def test_lookalikes_show_the_same_scene_in_both_classes(plan: tuple[ClipPlan, ...]) -> None:
    members = _with(plan, "lookalike")
    assert Counter(clip.label for clip in members) == dict.fromkeys(LOOKALIKE_PAIR, 16)
    assert {clip.shows for clip in members} == {"lookalike"}


def test_mislabeled_clips_show_a_class_that_is_plainly_another(plan: tuple[ClipPlan, ...]) -> None:
    for clip in _with(plan, "mislabeled"):
        assert clip.shows in DEMO_CLASSES and clip.shows != clip.label
        assert not {clip.shows, clip.label} <= set(LOOKALIKE_PAIR)


@pytest.mark.parametrize(("fault", "splits"), [("leak", 2), ("duplicate", 1)])
def test_copies_share_content_and_group(
    plan: tuple[ClipPlan, ...], fault: str, splits: int
) -> None:
    groups = defaultdict(list)
    for clip in _with(plan, fault):
        groups[dict(clip.truths)[fault]].append(clip)
    for pair in groups.values():
        assert len(pair) == 2
        assert len({clip.split for clip in pair}) == splits
        assert len({clip.content for clip in pair}) == 1
        assert len({clip.crf for clip in pair}) == 2
        assert len({clip.size for clip in pair}) == 2


def test_no_clip_has_two_faults_and_names_hide_them(plan: tuple[ClipPlan, ...]) -> None:
    assert max(len(clip.truths) for clip in plan) == 1
    assert len({clip.name for clip in plan}) == len(plan)
    assert all(len(clip.name) == 11 + 14 for clip in plan)


def test_same_seed_same_plan_other_seed_another() -> None:
    assert _plan(seed=4) == _plan(seed=4)
    assert _plan(seed=4) != _plan(seed=5)


def test_a_small_library_still_has_every_fault() -> None:
    present = {fault for clip in _plan(seed=0, clips=8) for fault in clip.faults}
    assert present == {
        "selfie_stick",
        "title_card",
        "lookalike",
        "mislabeled",
        "leak",
        "duplicate",
        "corrupt",
        "format",
    }


def test_no_faults_on_request() -> None:
    assert not any(clip.truths for clip in _plan(seed=0, clips=8, faults=FaultShares.none()))


def test_shares_out_of_range_are_refused() -> None:
    with pytest.raises(LibraryError, match="'leak': 1.5"):
        FaultShares(leak=1.5)
