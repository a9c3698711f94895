"""Checks of drift: the stored comparison with the baseline, evaluated at the thresholds.

Turning an evaluation into an outcome belongs here; measuring and evaluating drift do not
(`analysis/drift`).
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from insight_dagster.analysis.checks.outcome import ERROR, WARN, Outcome
from insight_dagster.analysis.drift import (
    DataDrift,
    Judgement,
    Level,
    PerformanceDrift,
    judge_data,
    judge_performance,
)
from insight_dagster.analysis.drift.rows import stored_data, stored_performance
from insight_dagster.settings.thresholds import Thresholds

_NO_BASELINE = "no baseline has been promoted yet: run the job promote_baseline"
_NOT_IN_BASELINE = "the class is not in the baseline: promote a new baseline to have it compared"
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
    if data is None or not data.clips_then:
        reason = _NOT_IN_BASELINE if data else _OF_AN_EARLIER_VERSION
        missing = Outcome(False, reason if rows.num_rows else _NO_BASELINE, severity=WARN)
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
    return _outcome(judge_data(drift.fields, drift.embedding, thresholds, tests=classes), facts)


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
        return Outcome(False, _NO_BASELINE, severity=WARN)
    if not (drift.clips_then and drift.clips_now):
        return Outcome(False, _nothing_scored(drift), _facts(drift), WARN)
    return _outcome(judge_performance(drift, thresholds, tests=classes + 1), _facts(drift))


def _nothing_scored(drift: PerformanceDrift) -> str:
    """Return which side has no clip that can be scored."""
    sides = {"in the baseline": drift.clips_then, "now": drift.clips_now}
    where = " and ".join(name for name, clips in sides.items() if not clips)
    return (
        f"no clip that can be scored {where}: it needs clips of a class that the model knows, in a "
        "split of the setting drift_splits"
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
        return Outcome(False, f"not tested: {missing}", details, WARN)
    if judgement.level == Level.OK:
        note = f" (not tested: {missing})" if missing else ""
        return Outcome(True, f"no drift since the baseline{note}", details)
    severity = ERROR if judgement.level == Level.ERROR else WARN
    return Outcome(False, "; ".join([*_strongest(judgement), _COMPARE]), details, severity)


def _strongest(judgement: Judgement) -> list[str]:
    """Return the first causes and how many more there are (the facts list all of them)."""
    more = len(judgement.causes) - _CAUSES_SHOWN
    shown = list(judgement.causes[:_CAUSES_SHOWN])
    return [*shown, f"{more} more"] if more > 0 else shown
