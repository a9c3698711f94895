"""Baselines: a frozen snapshot, what became of a class since, and what the checks make of it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pytest

from insight_dagster.analysis.checks import ERROR, WARN, Outcome
from insight_dagster.analysis.checks.drift import (
    drift_outcomes,
    performance_outcome,
)
from insight_dagster.analysis.drift.comparison import compare_class, compare_performance
from insight_dagster.analysis.drift.performance.performance import performance_rows, scored_clips
from insight_dagster.analysis.drift.rows import (
    drift_rows,
    stored_data,
    stored_performance,
)
from insight_dagster.analysis.drift.snapshot import (
    FIELD_NAMES,
    Snapshot,
    baseline_clip_rows,
    stored_snapshot,
)
from insight_dagster.settings.thresholds import Thresholds
from insight_dagster.tables import DRIFT
from insight_dagster.tables.status import Comparison

THRESHOLDS = Thresholds()
RISES = ("accuracy_drop", "loss_rise", "calibration_rise")


def snapshot(count=100, *, seed=0, accuracy=0.8, prefix="c", shift=0.0) -> Snapshot:
    rng = np.random.default_rng(seed)
    correct = np.arange(count) < round(accuracy * count)
    rng.shuffle(correct)
    scores = pd.DataFrame(
        {
            "clip_id": [f"{prefix}{n:04d}" for n in range(count)],
            "class_name": "a",
            "split": np.where(np.arange(count) % 4 == 0, "val", "train"),
            "content_key": [f"k{prefix}{n}" for n in range(count)],
            "correct": correct.astype(object),
            "loss": np.where(correct, 0.3, 2.0) + rng.uniform(0, 0.1, count),
            "confidence": rng.uniform(0.6, 0.95, count),
        }
    )
    metadata = rng.normal(size=(count, len(FIELD_NAMES))) + shift
    vectors = rng.normal(size=(count, 6)) + shift
    return Snapshot(scores, metadata, vectors)


def together(*snapshots: Snapshot) -> Snapshot:
    return Snapshot(
        pd.concat([each.scores for each in snapshots], ignore_index=True),
        np.concatenate([each.metadata for each in snapshots]),
        np.concatenate([each.vectors for each in snapshots]),
    )


def worse(baseline: Snapshot, clips: int) -> Snapshot:
    """The same clips, some of which are wrong now."""
    scores = baseline.scores.copy()
    right = np.flatnonzero(scores["correct"].to_numpy(bool))[:clips]
    scores.loc[right, "correct"] = False
    scores.loc[right, "loss"] = 3.0
    return replace(baseline, scores=scores)


def drift(baseline: Snapshot, current: Snapshot):
    return compare_class("a", baseline, current, baseline_id="b", thresholds=THRESHOLDS, seed=0)


def checks(rows):
    return drift_outcomes(rows, THRESHOLDS, classes=5)


def test_a_snapshot_survives_the_database(tmp_path):
    from insight_dagster.database import Database
    from insight_dagster.database.writes import ReplacePartition
    from insight_dagster.tables import BASELINE_CLIPS

    current = snapshot(12)
    current.scores.loc[3, ["correct", "loss"]] = None
    current.metadata[2, 1] = np.nan
    database = Database(tmp_path / "x.duckdb")
    database.write(ReplacePartition(BASELINE_CLIPS, baseline_clip_rows("b", current), "b"))
    back = stored_snapshot(database.rows(BASELINE_CLIPS), "v1")
    assert back.scores["clip_id"].tolist() == current.scores["clip_id"].tolist()
    assert back.scores["correct"].isna().tolist() == [n == 3 for n in range(12)]
    np.testing.assert_array_equal(back.metadata, current.metadata)
    assert (back.vectors.shape, back.metadata_version) == ((12, 0), "v1")


def test_drift_survives_the_table():
    baseline = snapshot()
    current = together(worse(baseline, 9), snapshot(40, seed=1, prefix="n", shift=0.7))
    rows = drift(baseline, current)
    again = drift_rows("a", "b", stored_performance(rows), stored_data(rows))
    assert again.equals(rows)
    assert set(rows["part"].to_pylist()) == {
        "total", "model_change", "population_change", "metadata", "embedding",
    }  # fmt: skip


def test_nothing_changed_is_no_drift():
    found = checks(drift(snapshot(), snapshot()))
    assert found["performance_drift"].passed and found["data_drift"].passed
    assert "no new clips since" in found["data_drift"].description


def test_a_worse_model_is_distinguished_from_a_worse_population():
    baseline = snapshot()
    model = checks(drift(baseline, worse(baseline, 15)))["performance_drift"]
    assert not model.passed and model.severity == ERROR
    assert model.description.startswith("model change: ")
    assert model.facts["change_by_the_model"] == pytest.approx(-0.15)
    assert model.facts["change_by_the_population"] == pytest.approx(0)

    newcomers = snapshot(80, seed=1, accuracy=0.2, prefix="n")
    population = checks(drift(baseline, together(baseline, newcomers)))["performance_drift"]
    assert not population.passed and population.severity == ERROR
    assert "population change: accuracy" in population.description
    assert "model change" not in population.description
    assert population.facts["change_by_the_model"] == 0


def test_new_clips_that_look_different_are_a_data_drift():
    baseline = snapshot()
    current = together(baseline, snapshot(40, seed=1, prefix="n", shift=1.0))
    found = checks(drift(baseline, current))
    assert found["performance_drift"].passed
    assert not found["data_drift"].passed and found["data_drift"].severity == WARN
    assert any("metadata:" in cause for cause in found["data_drift"].facts["causes"])
    assert any("embedding:" in cause for cause in found["data_drift"].facts["causes"])


def test_contents_that_only_changed_their_name_are_no_new_data():
    baseline = snapshot()
    renamed = snapshot(seed=0)
    renamed.scores["clip_id"] = [f"z{name}" for name in renamed.scores["clip_id"]]
    found = checks(drift(baseline, renamed))
    assert found["data_drift"].passed and found["performance_drift"].passed
    assert found["performance_drift"].facts["same_clips"] == 100


def test_clips_that_moved_to_another_split_are_the_same_clips():
    baseline = snapshot(accuracy=0.9)
    scores, wrong = baseline.scores.copy(), ~baseline.scores["correct"].to_numpy(bool)
    moved = wrong | (np.arange(100) < 25)
    scores.loc[moved, "clip_id"] = "m" + scores.loc[moved, "clip_id"]
    scores.loc[moved, "split"] = "quality"
    found = checks(drift(baseline, replace(baseline, scores=scores)))["performance_drift"]
    assert found.passed
    assert (found.facts["new_clips"], found.facts["gone_clips"]) == (0, 0)
    thresholds = THRESHOLDS.model_copy(update={"drift_splits": ("quality",)})
    those = compare_performance(
        baseline, replace(baseline, scores=scores), thresholds=thresholds, seed=0
    )
    assert (those.baseline_clips, those.shared) == (moved.sum(), moved.sum())


def test_copies_are_matched_one_by_one():
    baseline = snapshot(40)
    scores = baseline.scores.assign(
        clip_id=[f"z{n:04d}" for n in range(40)], content_key=["k"] * 30 + ["j"] * 10
    )
    before = replace(baseline, scores=baseline.scores.assign(content_key=["k"] * 35 + ["j"] * 5))
    found = compare_performance(
        before, replace(baseline, scores=scores), thresholds=THRESHOLDS, seed=0
    )
    assert (found.shared, found.new, found.gone) == (35, 5, 5)


def is_not_compared(outcome: Outcome) -> bool:
    compared = outcome.facts["comparison"] != Comparison.NOT_COMPARED
    return outcome.passed and not compared and outcome.description.startswith("not compared: ")


def test_too_few_clips_are_said_and_not_passed():
    few = snapshot(10)
    found = checks(drift(few, few))
    assert is_not_compared(found["performance_drift"])
    assert "10 of the 20 shared clips needed" in found["performance_drift"].description
    larger = checks(drift(few, together(few, snapshot(60, seed=1, prefix="n"))))
    assert is_not_compared(larger["performance_drift"]) and is_not_compared(larger["data_drift"])
    baseline = snapshot()
    some = checks(drift(baseline, together(baseline, snapshot(19, seed=1, prefix="n", accuracy=0))))
    assert not some["performance_drift"].passed and some["performance_drift"].severity == WARN
    assert "change: 19 of the 20 new clips needed" in some["performance_drift"].description
    assert not some["data_drift"].passed and "not tested" in some["data_drift"].description


@pytest.mark.parametrize("kept", [0, 10, 19, 20])
def test_new_clips_are_tested_however_few_of_the_baseline_are_left(kept):
    baseline = snapshot(100, accuracy=0.9)
    newcomers = snapshot(100 - kept, seed=1, prefix="n", accuracy=0)
    current = together(baseline.take(np.arange(100) < kept), newcomers)
    found = checks(drift(baseline, current))["performance_drift"]
    assert found.severity == ERROR and "population change: accuracy" in found.description
    noted = "comparable clips of the baseline are left" in found.description
    assert noted == (kept < 20)


def test_without_a_baseline_or_outside_of_it_nothing_is_tested():
    missing = checks(DRIFT.from_rows([]))
    assert all(is_not_compared(outcome) for outcome in missing.values())
    assert "insight baseline promote" in missing["performance_drift"].description
    old = drift(snapshot(), snapshot())
    earlier = checks(old.filter(pc.not_equal(old["metric"], "new_clips")))
    assert "compare_with_baseline" in earlier["data_drift"].description
    assert not earlier["data_drift"].passed
    empty = snapshot().take(np.zeros(100, bool))
    outside = checks(drift(empty, snapshot()))
    assert "not in the baseline" in outside["performance_drift"].description
    assert all(is_not_compared(outcome) for outcome in outside.values())
    gone = checks(drift(snapshot(), empty))
    assert is_not_compared(gone["performance_drift"])


def test_a_class_that_cannot_be_scored_has_its_data_tested():
    def unknown(of: Snapshot) -> Snapshot:
        return replace(of, scores=of.scores.assign(correct=None, loss=np.nan))

    baseline, new = unknown(snapshot()), unknown(snapshot(60, seed=1, prefix="n", shift=3.0))
    found = checks(drift(baseline, together(baseline, new)))
    assert is_not_compared(found["performance_drift"])
    assert "no clip that can be scored" in found["performance_drift"].description
    assert found["data_drift"].description.startswith("metadata: ")


def test_new_clips_without_metadata_are_not_tested_and_not_overlooked():
    baseline, new = snapshot(), snapshot(60, seed=1, prefix="n")
    bare = replace(new, metadata=np.full_like(new.metadata, np.nan))
    found = checks(drift(baseline, together(baseline, bare)))["data_drift"]
    assert not found.passed and found.severity == WARN
    assert "0 of the 20 new clips needed" in found.description
    assert found.facts["new_clips"] == 60


def test_metadata_of_other_definitions_are_not_compared():
    baseline, current = (
        snapshot(),
        together(snapshot(), snapshot(60, seed=1, prefix="n", shift=3.0)),
    )
    rows = drift(replace(baseline, metadata_version="1"), replace(current, metadata_version="2"))
    found = checks(rows)["data_drift"]
    assert any(
        "definition 1 in the baseline, 2 now" in reason for reason in found.facts["not_judged"]
    )
    assert not any(cause.startswith("metadata") for cause in found.facts["causes"])


@pytest.mark.parametrize(
    ("kept", "vectors", "reason"),
    [
        (100, False, "the clips have no vectors of one model"),
        (7, True, "7 of the 20 baseline clips needed are still in the library"),
    ],
)
def test_vectors_that_cannot_be_compared_are_said_and_not_passed(kept, vectors, reason):
    baseline = snapshot()
    current = together(baseline.take(np.arange(100) < kept), snapshot(40, seed=1, prefix="n"))
    current = current if vectors else replace(current, vectors=np.zeros((len(current.scores), 0)))
    found = checks(drift(baseline, current))["data_drift"]
    assert not found.passed and found.severity == WARN
    assert found.description.startswith(f"not tested: embedding: {reason}")


def of_class(found: Snapshot, name: str) -> Snapshot:
    return replace(found, scores=found.scores.assign(class_name=name))


def test_a_new_class_is_left_out_of_the_comparison_of_all_classes():
    baseline = together(
        *(of_class(snapshot(seed=n, prefix=name), name) for n, name in enumerate("abc"))
    )
    harder = of_class(snapshot(60, seed=9, accuracy=0.5, prefix="f"), "f")
    found = compare_performance(
        baseline, together(baseline, harder), thresholds=THRESHOLDS, seed=0, by_class=True
    )
    assert (found.left_out, found.new, found.current_clips) == (("f",), 0, 300)
    outcome = performance_outcome(found, THRESHOLDS, classes=4)
    assert outcome.passed and "without old clips: f" in outcome.description
    assert outcome.facts["classes_left_out"] == ["f"]


def test_a_new_split_of_a_class_is_compared_with_its_own_class():
    easy = of_class(snapshot(seed=0, accuracy=0.98, prefix="a"), "a")
    hard = of_class(snapshot(seed=1, accuracy=0.5, prefix="b"), "b")
    fresh = of_class(snapshot(60, seed=2, accuracy=0.5, prefix="n"), "b")
    fresh.scores["split"] = "test"
    baseline = together(easy, hard)
    found = compare_performance(
        baseline, together(baseline, fresh), thresholds=THRESHOLDS, seed=0, by_class=True
    )
    change = found.change("population_change", "accuracy")
    assert (change.baseline_clips, change.reason) == (100, "")
    assert change.effect == pytest.approx(0, abs=1e-9)


def test_only_the_splits_of_the_settings_are_compared():
    baseline = snapshot()
    thresholds = THRESHOLDS.model_copy(update={"drift_splits": ("val",)})
    rows = compare_class("a", baseline, baseline, baseline_id="b", thresholds=thresholds, seed=0)
    assert stored_performance(rows).current_clips == 25


def test_metrics_are_given_for_every_split_and_all_clips():
    rows = performance_rows("a", scored_clips(snapshot().scores), model_fingerprint="m").to_pylist()
    assert [(row["split"], row["clips"]) for row in rows] == [("", 100), ("train", 75), ("val", 25)]
    assert rows[0]["accuracy"] == pytest.approx(0.8)
    assert rows[0]["ci_low"] < 0.8 < rows[0]["ci_high"]


def test_a_class_without_clips_that_can_be_scored_has_metrics_without_values():
    scores = snapshot(4).scores.assign(correct=None, loss=None)
    (row,) = performance_rows("a", scored_clips(scores), model_fingerprint="m").to_pylist()
    assert (row["clips"], row["accuracy"], row["mean_loss"]) == (0, None, None)


def test_the_settings_have_the_thresholds_that_were_measured():
    effects = [f"{n}_{s}" for n in RISES for s in ("warn", "error")]
    assert [getattr(THRESHOLDS, name) for name in effects] == [0.02, 0.05, 0.1, 0.25, 0.05, 0.1]
    assert (THRESHOLDS.field_shift_warn, THRESHOLDS.embedding_auc_warn) == (0.3, 0.6)
    assert (THRESHOLDS.field_shift_error, THRESHOLDS.embedding_auc_error) == (None, None)
    levels = THRESHOLDS.model_alpha, THRESHOLDS.population_alpha, THRESHOLDS.data_alpha
    assert (*levels, THRESHOLDS.drift_min_clips) == (0.02, 0.005, 0.005, 20)
