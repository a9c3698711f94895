"""Drift in plain words with its numbers.

Wording belongs here; what is alarming does not (`judgement`).
"""

from __future__ import annotations

from collections.abc import Sequence

from insight_dagster.analysis.drift.data.embedding_drift import EmbeddingDrift
from insight_dagster.analysis.drift.data.metadata_drift import FieldDrift
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
_SMALLEST_P = 1e-4
_LISTED = 5


def change_sentence(change: Change) -> str:
    """E.g. `model change: accuracy .84 -> .71 on the same 96 clips (drop .13 [.07, .19], ...)`."""
    metric, moved = _METRIC[change.metric]
    effect = f"{moved} {_short(change.effect)} [{_short(change.ci_low)}, {_short(change.ci_high)}]"
    evidence = f"({effect}, {_p(change.p_value)})"
    if change.part == MODEL_CHANGE:
        moves = (
            f"{_short(change.then)} -> {_short(change.now)} on the same {change.clips_now} clips"
        )
        return f"model change: {metric} {moves} {evidence}"
    beyond = " beyond chance" if change.metric == CALIBRATION else ""
    old = f"{_short(change.then)} on {change.clips_then} old clips"
    new = f"{_short(change.now)} on {change.clips_now} new ones"
    return f"population change: {metric} {old}, {new}{beyond} {evidence}{_note(change.reason)}"


def field_sentence(field: FieldDrift) -> str:
    """E.g. `metadata: brightness lower on 40 new clips (median 118 -> 97, distance .82, ...)`."""
    medians = f"median {field.median_then:.4g} -> {field.median_now:.4g}"
    return (
        f"metadata: {field.name} {field.direction} on {field.clips_now} new clips ({medians}, "
        f"distance {_short(field.distance)} standard deviations, {_p(field.adjusted_p)})"
        f"{_note(field.reason)}"
    )


def embedding_sentence(embedding: EmbeddingDrift) -> str:
    """E.g. `embedding: 40 new clips lie apart from 100 of the baseline (AUC .74, p = .0002)`."""
    return (
        f"embedding: {embedding.clips_now} new clips lie apart from {embedding.clips_then} of the "
        f"baseline (AUC {_short(embedding.auc)}, {_p(embedding.p_value)}){_note(embedding.reason)}"
    )


def missing_fields(fields: Sequence[FieldDrift]) -> list[str]:
    """One sentence a reason, with the fields that were not judged for it."""
    names: dict[str, list[str]] = {}
    for each in fields:
        if not each.judged:
            names.setdefault(each.reason, []).append(each.name)
    return [f"metadata ({_listed(found)}): {reason}" for reason, found in names.items()]


def _note(reason: str) -> str:
    return f"; {reason}" if reason else ""


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _LISTED
    return ", ".join(names[:_LISTED]) + (f" and {more} more" if more > 0 else "")


def _short(value: float) -> str:
    """Two decimals without the leading zero, as statistics are written."""
    return f"{value:.2f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:.2f}"


def _p(p_value: float) -> str:
    if p_value < _SMALLEST_P:
        return "p < .0001"
    return "p = " + f"{p_value:.4f}".replace("0.", ".", 1)
