"""Expected effects: planted faults move the probe the right way, or a reason is told."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from insight_dagster.analysis.actions import recommend
from insight_dagster.analysis.actions.probe import _change
from insight_dagster.analysis.actions.probe_training import names_of, training_of
from tests.support.findings import finding_of
from tests.support.synthetic_clips import null_clips, with_values


def effect_of(finding, clips, *, seed=0):
    return recommend(finding, clips, seed=seed).effect


def test_correcting_planted_labels_is_expected_to_help():
    clips = null_clips(seed=5, clips=600)
    rows = np.flatnonzero((clips.labels == "disc") & (clips.splits == "train"))[:45]
    labels = clips.labels.copy()
    labels[rows] = "snow"
    wrong = with_values(clips, labels=labels)
    finding = finding_of("mislabeled", rows, wrong, suggested=np.full(len(rows), "disc"))
    effect = effect_of(finding, wrong)
    assert effect.main.measure == "accuracy on the other held-out clips"
    assert effect.main.low > 0.02
    assert effect.main.clips > 50
    assert "0 clips to measure it on" in effect.side.reason


def test_spoiling_right_labels_is_expected_to_harm():
    clips = null_clips(seed=5, clips=600)
    rows = np.flatnonzero((clips.labels == "disc") & (clips.splits == "train"))[:45]
    finding = finding_of("mislabeled", rows, clips, suggested=np.full(len(rows), "snow"))
    assert effect_of(finding, clips).main.high < -0.02


def test_labels_of_classes_that_the_probe_lacks_leave_the_training_clips():
    clips = null_clips(seed=5, clips=600)
    rows = np.flatnonzero((clips.labels == "disc") & (clips.splits == "train"))[:20]
    finding = finding_of("mislabeled", rows, clips, suggested=np.full(20, "unheard of"))
    training = training_of(finding, rows, ("disc", "snow"), clips, np.random.default_rng(0))
    changed = training.relabelled(dict.fromkeys(rows.tolist(), "unheard of"))
    assert not np.isin(rows, changed.rows).any()
    assert len(changed.rows) == len(training.rows) - 20


def far_group(kind, *, split, clips=900, count=60):
    """Clips of `disc` that lie where no other clip of it does, among those of `snow`."""
    table = null_clips(seed=6, clips=clips)
    rng = np.random.default_rng(0)
    rows = table.of_class("disc")[:count]
    coordinates, splits = table.coordinates.copy(), table.splits.copy()
    coordinates[rows] = coordinates[table.of_class("snow")].mean(axis=0)
    coordinates[rows, 4] += 6 + rng.normal(size=count)
    splits[rows] = split
    return with_values(table, coordinates=coordinates, splits=splits), rows


def test_collecting_is_judged_inside_the_group_and_beside_it():
    clips, rows = far_group("low_performance", split="val")
    effect = effect_of(finding_of("low_performance", rows, clips), clips)
    assert effect.main.measure == "accuracy on the group"
    assert effect.main.clips == 60
    assert effect.main.low > 0.3
    assert effect.side.measure == "accuracy on the other held-out clips"
    assert effect.side.clips > 100
    assert effect.side.low > -0.2


def test_a_group_of_training_clips_is_judged_on_the_held_out_clips_among_them():
    split = np.resize(["train", "train", "train", "val"], 60)
    clips, rows = far_group("low_performance", split=split)
    members = rows[split == "train"][:40]
    effect = effect_of(finding_of("low_performance", members, clips), clips)
    assert 6 <= effect.main.clips <= 15


def leaking(clips=900):
    """Test clips of `disc` far from their class, each with a copy in train."""
    table, rows = far_group("leak", split=np.repeat(["train", "test"], 30), clips=clips)
    coordinates = table.coordinates.copy()
    coordinates[rows[30:]] = coordinates[rows[:30]]
    changed = with_values(table, coordinates=coordinates)
    return changed, finding_of("leak", rows, changed, partners=np.roll(rows, 30))


def test_removing_leaked_clips_lowers_the_inflated_figure():
    clips, finding = leaking()
    actions = recommend(finding, clips, seed=0)
    assert actions.effect.main.measure == "accuracy on the group"
    assert actions.effect.main.clips == 30
    assert actions.effect.main.high < -0.3
    assert actions.effect.side.high > -0.1
    assert actions.advice == "Remove 30 clips (30 from train); their copies stay."


def test_dropping_true_copies_is_expected_to_change_little():
    clips = null_clips(seed=7, clips=600)
    own = clips.of_class("snow")
    rows = own[clips.splits[own] == "train"][:20]
    coordinates = clips.coordinates.copy()
    coordinates[rows[10:]] = coordinates[rows[:10]]
    changed = with_values(clips, coordinates=coordinates)
    finding = finding_of("duplicate", rows, changed, partners=np.roll(rows, 10))
    main = effect_of(finding, changed).main
    assert main.low <= 0 <= main.high
    assert abs(main.change) < 0.03


def test_without_splits_the_reason_is_told():
    clips = null_clips(seed=1, clips=300)
    bare = with_values(clips, splits=np.full(len(clips), ""))
    effect = effect_of(finding_of("low_performance", clips.of_class("disc")[:20], bare), bare)
    for side in (effect.main, effect.side):
        assert np.isnan(side.change)
        assert "0 training and 0 held-out clips" in side.reason


def test_what_changes_no_training_clip_has_no_effect_to_tell():
    clips = null_clips(seed=1, clips=400)
    own = clips.of_class("disc")
    rows = own[clips.splits[own] == "val"][:6]
    finding = finding_of("duplicate", rows, clips, partners=np.roll(rows, 3))
    assert effect_of(finding, clips).main.reason == "the steps change no training clip"


@pytest.mark.parametrize("kind", ["low_performance", "over_represented", "mislabeled", "duplicate"])
def test_odd_tables_end_in_a_reason(kind):
    clips = null_clips(seed=1, clips=60)
    same = with_values(clips, coordinates=np.zeros_like(clips.coordinates))
    one_class = with_values(clips, labels=np.full(60, "disc"), predicted=np.full(60, "disc"))
    for table in (clips.take(np.arange(1)), clips.take(np.arange(3)), same, one_class):
        rows = table.of_class(table.labels[0])
        more = {"mislabeled": {"suggested": np.full(len(rows), "snow")},
                "duplicate": {"partners": np.roll(rows, 1)}}.get(kind, {})  # fmt: skip
        effect = effect_of(finding_of(kind, rows, table, effect=float("nan"), **more), table)
        for side in (effect.main, effect.side):
            assert np.isnan(side.change) == bool(side.reason)


@given(st.lists(st.sampled_from([-1.0, 0.0, 1.0]), min_size=6, max_size=60))
@settings(max_examples=60, deadline=None)
def test_the_interval_holds_the_change_and_has_a_width(values):
    found = _change("", np.array(values), np.random.default_rng(0))
    assert found.low <= found.change <= found.high
    assert found.low >= -1
    assert found.high <= 1
    if not any(values):
        assert (found.low, found.high) == (-min(1, 3 / len(values)), min(1, 3 / len(values)))


def test_the_interval_is_the_one_of_a_bootstrap_over_clips():
    values = np.repeat([-1.0, 0.0, 1.0], [5, 70, 25])
    found = _change("", values, np.random.default_rng(0))
    error = values.std() / np.sqrt(len(values))
    assert found.low == pytest.approx(values.mean() - 1.96 * error, abs=0.015)
    assert found.high == pytest.approx(values.mean() + 1.96 * error, abs=0.015)


def test_large_classes_are_sampled_and_the_group_keeps_its_share():
    clips = null_clips(seed=2, clips=20_000)
    clips = with_values(clips, splits=np.full(len(clips), "train"))
    rows = clips.of_class("disc")[:50]
    finding = finding_of("over_represented", rows, clips)
    names = names_of(finding, [], clips)
    assert names[0] == "disc"
    assert set(names) == set(clips.classes)
    training = training_of(finding, [], names, clips, np.random.default_rng(0))
    assert training.available == len(clips)
    assert len(training.rows) == 3_050
    inside = np.isin(training.rows, rows)
    share = training.weights[inside].sum() / training.weights.sum()
    assert share == pytest.approx(50 / training.available)
    more = training.with_more(rows[:10], clips.labels[rows[:10]], count=50)
    assert more.weights[-10:].sum() == pytest.approx(training.weights[inside].sum())


def test_of_many_classes_those_that_matter_are_chosen():
    rng = np.random.default_rng(0)
    clips = null_clips(seed=2, clips=400)
    labels = np.array([f"class {number:02d}" for number in np.arange(400) % 40])
    coordinates = rng.normal(size=(400, 6)) * 0.1
    coordinates[:, 0] += np.arange(400) % 40
    changed = with_values(clips, labels=labels, predicted=labels, coordinates=coordinates)
    rows = changed.of_class("class 20")
    found = names_of(finding_of("low_performance", rows, changed), [], changed)
    assert len(found) == 6
    assert found[0] == "class 20"
    assert set(found[1:]) & {"class 19", "class 21"}
    predicted = labels.copy()
    predicted[rows[:5]] = "class 33"
    confused = with_values(changed, predicted=predicted)
    finding = finding_of("class_confusion", rows, confused, other_class="class 02")
    found = names_of(finding, ["class 07"], confused)
    assert found[:4] == ("class 20", "class 02", "class 07", "class 33")
