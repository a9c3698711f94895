"""Checks of drift: the stored comparison with the baseline, evaluated at the thresholds.

Turning an evaluation into an outcome belongs here; measuring and evaluating drift do not
(`analysis/drift`).
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from insight_dagster.analysis.checks.outcome import ERROR, WARN, Outcome, not_compared
from insight_dagster.analysis.drift import (
    DataDrift,
    Evaluation,
    Level,
    PerformanceDrift,
    evaluate_data,
    evaluate_performance,
)
from insight_dagster.analysis.drift.rows import stored_data, stored_performance
from insight_dagster.settings.thresholds import Thresholds

_NO_BASELINE = "no baseline has been promoted yet; `insight baseline promote` makes one"
_NOT_IN_BASELINE = "the class is not in the baseline; promote a new baseline to have it compared"
_OF_AN_EARLIER_VERSION = (
    "compared by an earlier version: run the job compare_with_baseline for the class"
)
_CAUSES_SHOWN = 3
_COMPARE = "`insight drift` shows details; if the change is intended, promote a new baseline"


def drift_outcomes(rows: pa.Table, thresholds: Thresholds, *, classes: int) -> dict[str, Outcome]:
    """Return the outcomes of a class's drift checks: performance and data.

    Args:
        rows: the class's rows of `drift`; none if no baseline has been promoted.
        thresholds: thresholds of all checks.
        classes: number of classes checked in one night.
    """
    data = stored_data(rows) if rows.num_rows else None
    if data is None or not data.baseline_clips:
        missing = not_compared(_NOT_IN_BASELINE if data else _NO_BASELINE)
        if rows.num_rows and data is None:
            missing = Outcome(False, _OF_AN_EARLIER_VERSION, severity=WARN)
        return {"performance_drift": missing, "data_drift": missing}
    performance = stored_performance(rows)
    return {
        "performance_drift": performance_outcome(performance, thresholds, classes=classes),
        "data_drift": data_outcome(data, thresholds, classes=classes),
    }


def data_outcome(drift: DataDrift, thresholds: Thresholds, *, classes: int) -> Outcome:
    """Return the outcome of the data check of a class that is in the baseline."""
    facts = {"new_clips": drift.new_clips}
    if not drift.new_clips:
        return Outcome(True, "no new clips since the baseline", facts)
    evaluation = evaluate_data(drift.fields, drift.embedding, thresholds, tests=classes)
    too_small = drift.baseline_clips < thresholds.drift_min_clips
    return _outcome(evaluation, facts, too_small=too_small)


def performance_outcome(
    drift: PerformanceDrift | None, thresholds: Thresholds, *, classes: int
) -> Outcome:
    """Return the outcome of the performance check of one class or of all classes together.

    Args:
        drift: performance drift; None if there is no baseline.
        thresholds: thresholds of all checks.
        classes: number of classes checked in one night.
    """
    if drift is None:
        return not_compared(_NO_BASELINE)
    if not (drift.baseline_clips and drift.current_clips):
        return not_compared(_nothing_scored(drift), _facts(drift))
    evaluation = evaluate_performance(drift, thresholds, tests=classes + 1)
    too_small = min(drift.baseline_clips, drift.current_clips) < thresholds.drift_min_clips
    return _outcome(evaluation, _facts(drift), too_small=too_small)


def _nothing_scored(drift: PerformanceDrift) -> str:
    """Return which side has no clip that can be scored."""
    sides = {"in the baseline": drift.baseline_clips, "now": drift.current_clips}
    where = " and ".join(name for name, clips in sides.items() if not clips)
    return (
        f"no clip that can be scored {where}: it needs clips of a class that the model knows, in a "
        "split of the setting drift_splits"
    )


def _facts(drift: PerformanceDrift) -> dict[str, Any]:
    known = drift.baseline_clips > 0 and drift.current_clips > 0
    return {
        "clips_then": drift.baseline_clips,
        "clips_now": drift.current_clips,
        "same_clips": drift.shared,
        "new_clips": drift.new,
        "gone_clips": drift.gone,
        "accuracy_then": drift.baseline_accuracy if drift.baseline_clips else None,
        "accuracy_now": drift.current_accuracy if drift.current_clips else None,
        "change_by_the_model": drift.model_part if known else None,
        "change_by_the_population": drift.population_part if known else None,
        "classes_left_out": list(drift.left_out),
    }


def _outcome(evaluation: Evaluation, facts: dict[str, Any], *, too_small: bool) -> Outcome:
    """Return the outcome of an evaluation.

    Args:
        evaluation: of the drift.
        facts: the numbers behind it.
        too_small: whether the class itself has too few clips, before or now.
    """
    details = {
        **facts,
        "causes": list(evaluation.causes),
        "not_judged": list(evaluation.not_tested),
    }
    missing = "; ".join(evaluation.not_tested)
    if evaluation.level == Level.NOT_TESTED:
        if too_small:
            return not_compared(missing, details)
        return Outcome(False, f"not tested: {missing}", details, WARN)
    if evaluation.level == Level.OK:
        note = f" (not tested: {missing})" if missing else ""
        return Outcome(True, f"no drift since the baseline{note}", details)
    severity = ERROR if evaluation.level == Level.ERROR else WARN
    return Outcome(False, "; ".join([*_strongest(evaluation), _COMPARE]), details, severity)


def _strongest(evaluation: Evaluation) -> list[str]:
    """Return the first causes and how many more there are (the facts list all of them)."""
    more = len(evaluation.causes) - _CAUSES_SHOWN
    shown = list(evaluation.causes[:_CAUSES_SHOWN])
    return [*shown, f"{more} more"] if more > 0 else shown
