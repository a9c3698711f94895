"""Sentences about changes of performance, with their numbers.

Wording belongs here; which changes are reported does not (`performance/evaluation`).
"""

from __future__ import annotations

from insight_dagster.analysis.drift.number_format import note, p_value_text, short_number
from insight_dagster.analysis.drift.performance.change import (
    ACCURACY,
    CALIBRATION,
    LOSS,
    MODEL_CHANGE,
    Change,
)

_METRIC = {
    ACCURACY: ("accuracy", "drop"),
    LOSS: ("mean loss", "rise"),
    CALIBRATION: ("calibration error", "rise"),
}


def change_sentence(change: Change) -> str:
    """Return e.g. `model change: accuracy .84 -> .71 on the same 96 clips (drop .13, ...)`."""
    metric, direction = _METRIC[change.metric]
    baseline, current = short_number(change.baseline_value), short_number(change.current_value)
    ends = f"[{short_number(change.ci_low)}, {short_number(change.ci_high)}]"
    effect = f"{direction} {short_number(change.effect)} {ends}"
    evidence = f"({effect}, {p_value_text(change.p_value)})"
    if change.part == MODEL_CHANGE:
        both = f"{baseline} -> {current} on the same {change.current_clips} clips"
        return f"model change: {metric} {both} {evidence}"
    beyond = " beyond chance" if change.metric == CALIBRATION else ""
    old = f"{baseline} on {change.baseline_clips} old clips"
    new = f"{current} on {change.current_clips} new ones"
    return f"population change: {metric} {old}, {new}{beyond} {evidence}{note(change.reason)}"
