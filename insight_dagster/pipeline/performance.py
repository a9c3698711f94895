"""Scores of classes: score one and compare it with the baseline (the asset), read those of all."""

from __future__ import annotations

import pyarrow as pa

from insight_dagster.analysis.drift.comparison import compare_class
from insight_dagster.analysis.drift.performance.performance import performance_rows, scored_clips
from insight_dagster.database import Database
from insight_dagster.database.writes import ReplacePartition
from insight_dagster.pipeline.snapshots import baseline_snapshot, current_snapshot, newest_baseline
from insight_dagster.pipeline.step_result import StepResult, Timer
from insight_dagster.pipeline.trusted_vectors import refuse_mixed
from insight_dagster.settings.thresholds import Thresholds
from insight_dagster.tables import DRIFT, PERFORMANCE


def score_class(
    store: Database, class_name: str, *, model_fingerprint: str, thresholds: Thresholds, seed: int
) -> StepResult:
    """Write accuracy, loss and calibration of a class, and its drift since the baseline.

    Args:
        store: the database.
        class_name: the class.
        model_fingerprint: fingerprint of the current model.
        thresholds: thresholds of the comparison with the baseline.
        seed: seed of the permutations and bootstraps.

    Raises:
        UntrustedClassError: several models made the class's predictions.
    """
    timer = Timer()
    refuse_mixed(store, class_name)
    clips = scored_clips(current_snapshot(store, class_name).scores)
    rows = performance_rows(class_name, clips, model_fingerprint=model_fingerprint)
    drift = _drift(store, class_name, thresholds=thresholds, seed=seed)
    store.write(
        ReplacePartition(PERFORMANCE, rows, class_name), ReplacePartition(DRIFT, drift, class_name)
    )
    overall = rows.to_pylist()[0]
    facts = {
        **{name: overall[name] for name in ("clips", "accuracy", "mean_loss")},
        "calibration_error": overall["calibration_error"],
        "compared_with_baseline": drift["baseline_id"][0].as_py() if drift.num_rows else None,
        **timer.facts(),
    }
    return StepResult(PERFORMANCE, rows, facts)


def read_scores(store: Database) -> pa.Table:
    """Return a row of scores for every class: class, clips, accuracy, mean_loss, ..."""
    return store.read(
        "SELECT class_name AS class, clips, accuracy, mean_loss, calibration_error "
        "FROM performance WHERE split = '' ORDER BY ALL"
    )


def _drift(store: Database, class_name: str, *, thresholds: Thresholds, seed: int) -> pa.Table:
    """Return the class's rows of `drift`; none if there is no baseline."""
    baseline = newest_baseline(store)
    if baseline is None:
        return DRIFT.from_rows([])
    return compare_class(
        class_name,
        baseline_snapshot(store, baseline, class_name),
        current_snapshot(store, class_name, with_vectors=True),
        baseline_id=baseline["baseline_id"],
        thresholds=thresholds,
        seed=seed,
    )
