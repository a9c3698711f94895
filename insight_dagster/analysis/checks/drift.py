"""Checks of drift: what the stored comparison with the baseline means at the thresholds set."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from insight_dagster.analysis.checks.outcome import ERROR, WARN, Outcome
from insight_dagster.analysis.drift import (
    DataDrift,
    DataThresholds,
    Judgement,
    Level,
    PerformanceDrift,
    PerformanceThresholds,
    judge_data,
    judge_performance,
)
from insight_dagster.analysis.drift.rows import stored_data, stored_performance
from insight_dagster.settings.check_settings import CheckSettings

_NO_BASELINE = "no baseline has been promoted yet: run the job promote_baseline"
_NOT_IN_BASELINE = "the class is not in the baseline: promote a new one to have it watched"
_OF_AN_EARLIER_VERSION = (
    "compared by an earlier version: run the job hold_against_baseline for the class"
)
_CAUSES_SHOWN = 3
_COMPARE = "`insight drift` compares; if the change is wanted, promote a new baseline"


def drift_outcomes(rows: pa.Table, limits: CheckSettings, *, classes: int) -> dict[str, Outcome]:
    """The drift checks of a class: performance, and data.

    Args:
        rows: the class's rows of `drift`; none where no baseline has been promoted.
        limits: thresholds.
        classes: classes that are checked in a night.
    """
    data = stored_data(rows) if rows.num_rows else None
    if data is None or not data.clips_then:
        reason = _NOT_IN_BASELINE if data else _OF_AN_EARLIER_VERSION
        missing = Outcome(False, reason if rows.num_rows else _NO_BASELINE, severity=WARN)
        return {"performance_drift": missing, "data_drift": missing}
    return {
        "performance_drift": performance_outcome(stored_performance(rows), limits, classes=classes),
        "data_drift": data_outcome(data, limits, classes=classes),
    }


def data_outcome(drift: DataDrift, limits: CheckSettings, *, classes: int) -> Outcome:
    """The data check of a class that the baseline holds."""
    facts = {"new_clips": drift.new_clips}
    if not drift.new_clips:
        return Outcome(True, "no clip has come since the baseline", facts)
    limit = data_thresholds(limits)
    return _outcome(judge_data(drift.fields, drift.embedding, limit, tests=classes), facts)


def performance_outcome(
    drift: PerformanceDrift | None, limits: CheckSettings, *, classes: int
) -> Outcome:
    """The performance check of a class, or of all together; None = no baseline."""
    if drift is None:
        return Outcome(False, _NO_BASELINE, severity=WARN)
    if not (drift.clips_then and drift.clips_now):
        return Outcome(False, _nothing_scored(drift), _facts(drift), WARN)
    judgement = judge_performance(drift, performance_thresholds(limits), tests=classes + 1)
    return _outcome(judgement, _facts(drift))


def _nothing_scored(drift: PerformanceDrift) -> str:
    """Which side has no clip to score; the splits are those of the settings."""
    sides = {"in the baseline": drift.clips_then, "now": drift.clips_now}
    where = " and ".join(name for name, clips in sides.items() if not clips)
    return f"no clip that can be scored {where}: of a class the model has, in drift_splits"


def performance_thresholds(limits: CheckSettings) -> PerformanceThresholds:
    """The engine's thresholds from the settings."""
    return PerformanceThresholds(
        accuracy_drop_warn=limits.accuracy_drop_warn,
        accuracy_drop_error=limits.accuracy_drop_error,
        loss_rise_warn=limits.loss_rise_warn,
        loss_rise_error=limits.loss_rise_error,
        calibration_rise_warn=limits.calibration_rise_warn,
        calibration_rise_error=limits.calibration_rise_error,
        model_alpha=limits.model_alpha,
        population_alpha=limits.population_alpha,
        min_clips=limits.drift_min_clips,
    )


def data_thresholds(limits: CheckSettings) -> DataThresholds:
    """The engine's thresholds from the settings."""
    return DataThresholds(
        field_shift_warn=limits.field_shift_warn,
        embedding_auc_warn=limits.embedding_auc_warn,
        alpha=limits.data_alpha,
    )


def _facts(drift: PerformanceDrift) -> dict[str, Any]:
    known = drift.clips_then > 0 and drift.clips_now > 0
    return {
        "clips_then": drift.clips_then,
        "clips_now": drift.clips_now,
        "same_clips": drift.shared,
        "new_clips": drift.new,
        "gone_clips": drift.gone,
        "accuracy_then": drift.accuracy_then if drift.clips_then else None,
        "accuracy_now": drift.accuracy_now if drift.clips_now else None,
        "change_by_the_model": drift.model_part if known else None,
        "change_by_the_population": drift.population_part if known else None,
        "classes_left_out": list(drift.left_out),
    }


def _outcome(judgement: Judgement, facts: dict[str, Any]) -> Outcome:
    details = {**facts, "causes": list(judgement.causes), "not_judged": list(judgement.not_judged)}
    missing = "; ".join(judgement.not_judged)
    if judgement.level == Level.NOT_JUDGED:
        return Outcome(False, f"not judged: {missing}", details, WARN)
    if judgement.level == Level.OK:
        note = f" (not judged: {missing})" if missing else ""
        return Outcome(True, f"no drift since the baseline{note}", details)
    severity = ERROR if judgement.level == Level.ERROR else WARN
    return Outcome(False, "; ".join([*_strongest(judgement), _COMPARE]), details, severity)


def _strongest(judgement: Judgement) -> list[str]:
    """The first causes, and how many more there are: all of them are among the facts."""
    more = len(judgement.causes) - _CAUSES_SHOWN
    shown = list(judgement.causes[:_CAUSES_SHOWN])
    return [*shown, f"{more} more"] if more > 0 else shown
