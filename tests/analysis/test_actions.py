"""Actions: the right step for each kind, representatives that cover, effects that are measured."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from insight_dagster.analysis.actions import expected_effect, steps
from insight_dagster.analysis.actions.representatives import representatives, similarities
from insight_dagster.analysis.actions.rows import follow_up
from insight_dagster.analysis.insights import discover
from insight_dagster.analysis.insights.finding import Finding
from tests.analysis.synthetic_clips import NAMES, null_clips, planted_clips, with_values


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
        for effect in rows.effects.to_pylist():
            assert (effect["change"] is None) == bool(effect["reason"])
            if effect["change"] is not None:
                assert effect["ci_low"] <= effect["change"] <= effect["ci_high"]


def relabelling(rows, labels):
    return Finding(
        kind="mislabeled", population="all", rows=rows, weights=np.ones(len(rows)),
        effect_name="e", effect=0.1, ci_low=0, ci_high=1, p_value=0.01, strength=1.0,
        relevant=True, sentence="", action="", suggested=labels, class_name="disc",
    )  # fmt: skip


def test_correcting_planted_labels_is_expected_to_help():
    clips = null_clips(seed=5, clips=600)
    rows = np.flatnonzero((clips.labels == "disc") & (clips.splits == "train"))[:45]
    labels = clips.labels.copy()
    labels[rows] = "snow"
    wrong = with_values(clips, labels=labels)
    finding = relabelling(rows, np.full(len(rows), "disc"))
    effect = expected_effect(finding, steps(finding, wrong), wrong, seed=0)
    assert effect.low > 0.02
    assert effect.clips > 50


def test_collecting_is_judged_inside_the_group():
    clips = null_clips(seed=6, clips=900)
    rng = np.random.default_rng(0)
    rows = clips.of_class("disc")[:60]
    coordinates, splits = clips.coordinates.copy(), clips.splits.copy()
    coordinates[rows] = coordinates[clips.of_class("snow")].mean(axis=0)
    coordinates[rows, 4] += 6 + rng.normal(size=60)
    splits[rows] = "val"
    changed = with_values(clips, coordinates=coordinates, splits=splits)
    finding = Finding(
        kind="low_performance", population="all", rows=rows, weights=np.ones(60), effect_name="e",
        effect=1.0, ci_low=0, ci_high=2, p_value=0.01, strength=0.5, relevant=True, sentence="",
        action="", class_name="disc",
    )  # fmt: skip
    effect = expected_effect(finding, steps(finding, changed), changed, seed=0)
    assert effect.measure == "accuracy on the group"
    assert effect.clips == 60
    assert effect.low > 0.3


def test_without_splits_the_reason_is_told(library):
    clips, _, discovery = library
    bare = with_values(clips, splits=np.full(len(clips), ""))
    finding = first(discovery, "low_performance", "disc")
    effect = expected_effect(finding, steps(finding, bare), bare, seed=0)
    assert np.isnan(effect.change)
    assert "0 training and 0 held-out clips" in effect.reason
