"""Actions: the right step for each kind, representatives that cover, plain words."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from insight_dagster.analysis.actions import recommend, steps
from insight_dagster.analysis.actions import rows as rows_module
from insight_dagster.analysis.actions.representatives import representatives, similarities
from insight_dagster.analysis.actions.rows import follow_up
from insight_dagster.analysis.insights import discover
from tests.support.findings import cause_of, finding_of
from tests.support.synthetic_clips import NAMES, null_clips, planted_clips, with_values


def covered(alike, chosen):
    return alike[list(chosen)].max(axis=0).sum()


@given(st.integers(0, 10_000), st.integers(1, 4))
@settings(max_examples=40, deadline=None)
def test_representatives_are_within_the_guarantee_of_the_best_choice(seed, k):
    points = np.random.default_rng(seed).normal(size=(9, 2))
    alike = similarities(points)
    chosen, shares = representatives(points, k)
    best = max(covered(alike, each) for each in combinations(range(9), k))
    assert covered(alike, chosen) >= (1 - 1 / np.e) * best - 1e-9
    assert len(set(chosen.tolist())) == k
    assert shares.sum() == pytest.approx(1)


@given(st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_lazy_choice_is_the_greedy_one_and_its_gains_fall(seed):
    points = np.random.default_rng(seed).normal(size=(12, 3))
    alike = similarities(points)
    chosen, _ = representatives(points, 12)
    values = [0.0] + [covered(alike, chosen[:k]) for k in range(1, 13)]
    gains = np.diff(values)
    assert (np.diff(gains) <= 1e-9).all()  # submodular
    for k, gain in enumerate(gains):
        best = max(covered(alike, [*chosen[:k], row]) for row in range(12)) - values[k]
        assert gain == pytest.approx(best)


def test_one_representative_is_the_best_of_all_and_equal_points_are_no_harm():
    points = np.random.default_rng(3).normal(size=(40, 4))
    alike = similarities(points)
    assert representatives(points, 1)[0][0] == alike.sum(axis=1).argmax()
    chosen, shares = representatives(np.zeros((5, 2)), 3)
    assert len(set(chosen.tolist())) == 3
    assert shares.sum() == pytest.approx(1)
    assert len(representatives(np.zeros((0, 2)), 3)[0]) == 0
    np.testing.assert_array_equal(representatives(np.zeros((1, 2)), 1)[1], [1.0])


def test_large_groups_are_covered_block_by_block():
    rng = np.random.default_rng(1)
    modes = rng.integers(0, 5, 6_500)
    points = rng.normal(size=(6_500, 3)) * 0.1 + 20 * rng.normal(size=(5, 3))[modes]
    chosen, shares = representatives(points, 31)
    assert len(set(chosen.tolist())) == 31
    assert set(modes[chosen].tolist()) == set(range(5))
    assert shares.sum() == pytest.approx(1)


def test_representatives_cover_every_mode():
    rng = np.random.default_rng(0)
    modes = np.repeat(np.arange(4), 25)
    points = rng.normal(size=(100, 3)) * 0.1 + 10 * np.eye(4, 3)[modes]
    chosen, shares = representatives(points, 4)
    assert sorted(modes[chosen].tolist()) == [0, 1, 2, 3]
    np.testing.assert_allclose(shares, 0.25)


@pytest.fixture(scope="module")
def library():
    clips, truth = planted_clips(seed=1)
    return clips, truth, discover(clips)


def first(discovery, kind, class_name):
    return next(
        each.finding
        for each in discovery.ranked
        if (each.finding.kind, each.finding.class_name) == (kind, class_name)
    )


def test_a_dense_group_keeps_as_many_as_chance_has(library):
    clips, _, discovery = library
    finding = first(discovery, "over_represented", "snow")
    found = steps(finding, clips)
    kept = [step for step in found if step.verb == "keep"]
    assert len(kept) == round(len(finding.core) / finding.effect)
    assert {step.row for step in found} == set(finding.core.tolist())
    dropped = [step for step in found if step.verb == "drop"]
    assert all(step.partner in {each.row for each in kept} for step in dropped)


def test_copies_leave_one_and_leaks_leave_the_held_out_side(library):
    clips, truth, discovery = library
    found = steps(first(discovery, "duplicate", "hoops"), clips)
    assert sorted(step.row for step in found) == truth["duplicate"].tolist()
    assert [step.verb for step in found].count("keep") == 4
    removed = [s for s in steps(first(discovery, "leak", "hoops"), clips) if s.verb == "remove"]
    assert len(removed) == 4
    assert {clips.splits[step.row] for step in removed} == {"train"}
    assert {clips.splits[step.partner] for step in removed} == {"val"}


def test_every_insight_has_steps_and_a_figure_or_a_reason(library):
    _, _, discovery = library
    for name in NAMES:
        rows = follow_up(discovery.ranked, discovery.clips, class_name=name, seed=0)
        own = {e.insight_id for e in discovery.ranked if e.finding.class_name == name}
        assert set(rows.actions["insight_id"].to_pylist()) == own
        assert set(rows.effects["insight_id"].to_pylist()) == own
        assert all(rows.effects["advice"].to_pylist())
        for effect in rows.effects.to_pylist():
            assert (effect["change"] is None) == bool(effect["reason"])
            for side in ("", "side_"):
                if effect[f"{side}change"] is not None:
                    assert effect[f"{side}ci_low"] <= effect[f"{side}change"]
                    assert effect[f"{side}change"] <= effect[f"{side}ci_high"]


def test_less_severe_insights_have_steps_and_say_that_they_were_not_estimated(library, monkeypatch):
    _, _, discovery = library
    monkeypatch.setattr(rows_module, "MOST_PROBED", 1)
    told = [
        row
        for name in NAMES
        for row in follow_up(
            discovery.ranked, discovery.clips, class_name=str(name), seed=0
        ).effects.to_pylist()
    ]
    last = {row["insight_id"]: row for row in told}[discovery.ranked[-1].insight_id]
    assert last["change"] is None
    assert "1 most severe" in last["reason"]
    assert last["advice"]


def test_the_row_order_changes_nothing(library):
    _, _, discovery = library
    clips = discovery.clips
    order = np.random.default_rng(0).permutation(len(clips))
    mixed, place = clips.take(order), np.argsort(order)
    for each in discovery.ranked:
        finding = each.finding
        shuffle = np.random.default_rng(1).permutation(len(finding.rows))
        moved = replace(
            finding,
            rows=place[finding.rows][shuffle],
            weights=finding.weights[shuffle],
            partners=place[finding.partners][shuffle]
            if len(finding.partners)
            else finding.partners,
            suggested=finding.suggested[shuffle] if len(finding.suggested) else finding.suggested,
        )
        first, second = recommend(finding, clips, seed=3), recommend(moved, mixed, seed=3)
        assert named(first, clips) == named(second, mixed), finding.kind
        assert repr(first.effect) == repr(second.effect), finding.kind
        assert (first.advice, first.wanted) == (second.advice, second.wanted)


def named(actions, clips):
    return [
        (clips.clip_ids[s.row], s.verb, round(s.confidence, 12), s.suggested_class,
         clips.clip_ids[s.partner] if s.partner >= 0 else "")
        for s in actions.steps
    ]  # fmt: skip


def test_pruning_keeps_every_mode_of_a_planted_redundancy():
    clips = null_clips(seed=8, clips=300)
    rows = clips.of_class("snow")[:40]
    coordinates = clips.coordinates.copy()
    rng = np.random.default_rng(0)
    modes = np.repeat(np.arange(4), 10)
    coordinates[rows] = coordinates[rows[0]] + 0.05 * rng.normal(size=(40, coordinates.shape[1]))
    coordinates[rows] += 2 * np.eye(4, coordinates.shape[1])[modes]
    changed = with_values(clips, coordinates=coordinates)
    finding = finding_of("over_represented", rows, changed, effect=10.0)
    found = steps(finding, changed)
    kept = [step.row for step in found if step.verb == "keep"]
    assert sorted(modes[np.isin(rows, kept)].tolist()) == [0, 1, 2, 3]
    for step in found:
        if step.verb == "drop":
            assert modes[rows == step.partner] == modes[rows == step.row]
    assert (
        recommend(finding, changed, seed=0).advice
        == "Keep 4 of 40 clips and drop 36 that repeat them."
    )


@pytest.mark.parametrize(
    ("splits", "verbs"),
    [
        (["train", "val"], ["remove", "keep"]),
        (["train", "val", "test"], ["remove", "remove", "keep"]),
        (["val", "test"], ["remove", "keep"]),
        (["train", "val", "val"], ["remove", "keep", "keep"]),
        (["train", "mine"], ["remove", "keep"]),
        (["mine", "val"], ["remove", "keep"]),
        (["", "val"], ["remove", "keep"]),
    ],
)
def test_of_a_leak_stays_what_is_furthest_from_training(splits, verbs):
    clips = null_clips(seed=1)
    rows = clips.of_class("hoops")[: len(splits)]
    all_splits = clips.splits.astype(object)
    all_splits[rows] = splits
    changed = with_values(clips, splits=all_splits.astype(str))
    finding = finding_of("leak", rows, changed, partners=np.roll(rows, 1))
    verb = {step.row: step.verb for step in steps(finding, changed)}
    assert [verb[row] for row in rows.tolist()] == verbs


def test_copies_with_different_labels_are_reviewed():
    clips = null_clips(seed=1)
    rows = np.array([clips.of_class("hoops")[0], clips.of_class("snow")[0]])
    actions = recommend(finding_of("duplicate", rows, clips, partners=rows[::-1]), clips, seed=0)
    assert [step.verb for step in actions.steps] == ["review", "review"]
    assert {step.partner for step in actions.steps} == set(rows.tolist())
    assert np.isnan(actions.effect.main.change)
    assert "outcome of a review" in actions.effect.main.reason


def test_of_a_training_group_the_nearest_held_out_clips_are_shown():
    clips = null_clips(seed=4, clips=500)
    own = clips.of_class("disc")
    rows = own[clips.splits[own] == "train"][:20]
    found = steps(finding_of("low_performance", rows, clips), clips)
    held = own[np.isin(clips.splits[own], ["val", "test"])]
    for step in found:
        gap = np.linalg.norm(clips.coordinates[held] - clips.coordinates[step.partner], axis=1)
        assert step.row == held[gap.argmin()]
    assert sum(step.confidence for step in found) == pytest.approx(1)


def test_without_held_out_clips_members_are_shown():
    clips = null_clips(seed=4)
    bare = with_values(clips, splits=np.full(len(clips), "train"))
    rows = clips.of_class("disc")[:9]
    found = steps(finding_of("low_performance", rows, bare), bare)
    assert sorted(step.row for step in found) == rows.tolist()


def test_what_to_collect_is_told_in_words_and_numbers():
    clips = null_clips(seed=2, clips=400)
    own = clips.of_class("disc")
    splits, correct = clips.splits.copy(), np.ones(len(clips))
    splits[own] = np.repeat(["train", "val"], [len(own) - 20, 20])
    correct[own[-10:]] = 0
    changed = with_values(clips, splits=splits, correct=correct)
    finding = finding_of("low_performance", own[-10:], changed)
    causes = [
        cause_of("field_3", "lower", inside=31.234, outside=120.0),
        cause_of("camera = drone", "higher", inside=0.9, outside=0.1),
        cause_of("field_4", "lower", inside=1.0, outside=2.0, relative_of="field_3"),
        cause_of("indoors = yes", "lower", inside=0.0, outside=0.5),
    ]
    actions = recommend(finding, changed, seed=0, causes=causes)
    # half of the held-out clips are of the group: as many of the training clips have to be
    assert actions.wanted == len(own) - 20
    assert actions.advice == (
        f"Collect about {len(own) - 20} more training clips of disc like the 10 listed, with "
        "field_3 around 31.2 (else 120), camera = drone, not indoors = yes."
    )
