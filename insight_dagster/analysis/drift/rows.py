"""Drift as rows of the table `drift`, and back: a check class_checks what was stored.

Layout belongs here; measuring and judging do not.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from insight_dagster.analysis.drift.data.embedding_drift import EmbeddingDrift
from insight_dagster.analysis.drift.data.metadata_drift import DataDrift, FieldDrift
from insight_dagster.analysis.drift.performance.change import MODEL_CHANGE, PARTS, Change
from insight_dagster.analysis.drift.performance.performance_drift import PerformanceDrift
from insight_dagster.tables import DRIFT
from insight_dagster.tables.status import DriftPart

TOTAL = DriftPart.TOTAL
METADATA = DriftPart.METADATA
EMBEDDING = DriftPart.EMBEDDING
_MODEL_PART = "accuracy_by_model_change"
_NEW_CLIPS = "new_clips"

_Row = dict[str, Any]


def drift_rows(
    class_name: str, baseline_id: str, performance: PerformanceDrift, data: DataDrift
) -> pa.Table:
    """Rows of `drift` for one class."""
    rows = [
        *_performance_rows(performance),
        _new_clips_row(data),
        *(_field_row(each) for each in data.fields),
        _embedding_row(data.embedding),
    ]
    blank = dict.fromkeys(DRIFT.column_names)
    identity = {"class_name": class_name, "baseline_id": baseline_id}
    return DRIFT.from_rows({**blank, **_known(row), **identity} for row in rows)


def stored_performance(rows: pa.Table) -> PerformanceDrift:
    """The performance drift that rows of one class were made of."""
    changes = tuple(_change(row) for part in PARTS for row in _of_part(rows, part))
    total = {row["metric"]: row for row in _of_part(rows, TOTAL)}
    accuracy = total["accuracy"]
    shared = next(each.clips_now for each in changes if each.part == MODEL_CHANGE)
    return PerformanceDrift(
        changes=changes,
        clips_then=accuracy["clips_then"],
        clips_now=accuracy["clips_now"],
        shared=shared,
        new=accuracy["clips_now"] - shared,
        gone=accuracy["clips_then"] - shared,
        accuracy_then=_number(accuracy["value_then"]),
        accuracy_now=_number(accuracy["value_now"]),
        model_part=-_number(total[_MODEL_PART]["effect"]),
    )


def stored_data(rows: pa.Table) -> DataDrift | None:
    """The data drift that rows of one class were made of; None: an earlier version made them."""
    total = {row["metric"]: row for row in _of_part(rows, TOTAL)}
    if _NEW_CLIPS not in total:
        return None
    (embedding,) = _of_part(rows, EMBEDDING)
    return DataDrift(
        clips_then=total[_NEW_CLIPS]["clips_then"],
        new_clips=total[_NEW_CLIPS]["clips_now"],
        fields=tuple(_field(row) for row in _of_part(rows, METADATA)),
        embedding=_embedding(embedding),
    )


def _performance_rows(drift: PerformanceDrift) -> Iterator[_Row]:
    sizes = {"clips_then": drift.clips_then, "clips_now": drift.clips_now}
    total = {"part": TOTAL, "judged": True, **sizes}
    yield {
        **total,
        "metric": "accuracy",
        "value_then": drift.accuracy_then,
        "value_now": drift.accuracy_now,
        "effect": 0.0 - drift.accuracy_change,
    }
    yield {**total, "metric": _MODEL_PART, "effect": 0.0 - drift.model_part}
    for change in drift.changes:
        yield {
            "part": change.part,
            "metric": change.metric,
            "clips_then": change.clips_then,
            "clips_now": change.clips_now,
            "value_then": change.then,
            "value_now": change.now,
            "effect": change.effect,
            "ci_low": change.ci_low,
            "ci_high": change.ci_high,
            "p_value": change.p_value,
            "judged": change.judged,
            "reason": change.reason or None,
        }


def _new_clips_row(data: DataDrift) -> _Row:
    sizes = {"clips_then": data.clips_then, "clips_now": data.new_clips}
    return {"part": TOTAL, "metric": _NEW_CLIPS, "judged": True, **sizes}


def _field_row(field: FieldDrift) -> _Row:
    return {
        "part": METADATA,
        "metric": field.name,
        "clips_then": field.clips_then,
        "clips_now": field.clips_now,
        "value_then": field.median_then,
        "value_now": field.median_now,
        "effect": field.distance,
        "psi": field.psi,
        "direction": field.direction or None,
        "p_value": field.p_value,
        "adjusted_p": field.adjusted_p,
        "judged": field.judged,
        "reason": field.reason or None,
    }


def _embedding_row(drift: EmbeddingDrift) -> _Row:
    return {
        "part": EMBEDDING,
        "metric": "mmd2",
        "clips_then": drift.clips_then,
        "clips_now": drift.clips_now,
        "value_now": drift.mmd2,
        "effect": drift.auc,
        "p_value": drift.p_value,
        "judged": drift.judged,
        "reason": drift.reason or None,
    }


def _field(row: Mapping[str, Any]) -> FieldDrift:
    return FieldDrift(
        name=row["metric"],
        clips_then=row["clips_then"],
        clips_now=row["clips_now"],
        median_then=_number(row["value_then"]),
        median_now=_number(row["value_now"]),
        distance=_number(row["effect"]),
        psi=_number(row["psi"]),
        direction=row["direction"] or "",
        p_value=_number(row["p_value"]),
        adjusted_p=_number(row["adjusted_p"]),
        judged=row["judged"],
        reason=row["reason"] or "",
    )


def _embedding(row: Mapping[str, Any]) -> EmbeddingDrift:
    return EmbeddingDrift(
        clips_then=row["clips_then"],
        clips_now=row["clips_now"],
        mmd2=_number(row["value_now"]),
        auc=_number(row["effect"]),
        p_value=_number(row["p_value"]),
        judged=row["judged"],
        reason=row["reason"] or "",
    )


def _change(row: Mapping[str, Any]) -> Change:
    return Change(
        part=row["part"],
        metric=row["metric"],
        clips_then=row["clips_then"],
        clips_now=row["clips_now"],
        then=_number(row["value_then"]),
        now=_number(row["value_now"]),
        effect=_number(row["effect"]),
        ci_low=_number(row["ci_low"]),
        ci_high=_number(row["ci_high"]),
        p_value=_number(row["p_value"]),
        judged=row["judged"],
        reason=row["reason"] or "",
    )


def _of_part(rows: pa.Table, part: str) -> list[_Row]:
    return rows.filter(pc.equal(rows["part"], part)).to_pylist()


def _known(row: _Row) -> _Row:
    """A database keeps what is not a number as missing."""
    return {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in row.items()}


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)
