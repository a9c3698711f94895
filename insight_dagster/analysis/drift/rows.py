"""Rows of the table `drift`: writing a drift as rows, and reading it back for the checks.

The layout of the table belongs here; measuring and evaluating drift do not.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from insight_dagster.analysis.drift.data.data_drift import DataDrift
from insight_dagster.analysis.drift.data.embedding_drift import EmbeddingDrift
from insight_dagster.analysis.drift.data.metadata_drift import FieldDrift
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
    """Return the rows of `drift` of one class.

    Args:
        class_name: the class.
        baseline_id: id of the baseline.
        performance: drift of its performance.
        data: drift of its metadata and embeddings.
    """
    rows = [
        *_performance_rows(performance),
        _new_clips_row(data),
        *(_field_row(each) for each in data.fields),
        _embedding_row(data.embedding),
    ]
    blank = dict.fromkeys(DRIFT.column_names)
    identity = {"class_name": class_name, "baseline_id": baseline_id}
    return DRIFT.from_rows({**blank, **_nan_as_none(row), **identity} for row in rows)


def stored_performance(rows: pa.Table) -> PerformanceDrift:
    """Return the performance drift stored in the rows of one class."""
    changes = tuple(_change(row) for part in PARTS for row in _of_part(rows, part))
    total = {row["metric"]: row for row in _of_part(rows, TOTAL)}
    accuracy = total["accuracy"]
    shared = next(each.current_clips for each in changes if each.part == MODEL_CHANGE)
    return PerformanceDrift(
        changes=changes,
        baseline_clips=accuracy["clips_then"],
        current_clips=accuracy["clips_now"],
        shared=shared,
        new=accuracy["clips_now"] - shared,
        gone=accuracy["clips_then"] - shared,
        baseline_accuracy=_number(accuracy["value_then"]),
        current_accuracy=_number(accuracy["value_now"]),
        model_part=-_number(total[_MODEL_PART]["effect"]),
    )


def stored_data(rows: pa.Table) -> DataDrift | None:
    """Return the data drift stored in the rows of one class.

    None if an earlier version, which did not store it, wrote the rows.
    """
    total = {row["metric"]: row for row in _of_part(rows, TOTAL)}
    if _NEW_CLIPS not in total:
        return None
    (embedding,) = _of_part(rows, EMBEDDING)
    return DataDrift(
        baseline_clips=total[_NEW_CLIPS]["clips_then"],
        new_clips=total[_NEW_CLIPS]["clips_now"],
        fields=tuple(_field(row) for row in _of_part(rows, METADATA)),
        embedding=_embedding(embedding),
    )


def _performance_rows(drift: PerformanceDrift) -> Iterator[_Row]:
    sizes = {"clips_then": drift.baseline_clips, "clips_now": drift.current_clips}
    total = {"part": TOTAL, "judged": True, **sizes}
    yield {
        **total,
        "metric": "accuracy",
        "value_then": drift.baseline_accuracy,
        "value_now": drift.current_accuracy,
        "effect": 0.0 - drift.accuracy_change,
    }
    yield {**total, "metric": _MODEL_PART, "effect": 0.0 - drift.model_part}
    for change in drift.changes:
        yield {
            "part": change.part,
            "metric": change.metric,
            "clips_then": change.baseline_clips,
            "clips_now": change.current_clips,
            "value_then": change.baseline_value,
            "value_now": change.current_value,
            "effect": change.effect,
            "ci_low": change.ci_low,
            "ci_high": change.ci_high,
            "p_value": change.p_value,
            "judged": change.tested,
            "reason": change.reason or None,
        }


def _new_clips_row(data: DataDrift) -> _Row:
    sizes = {"clips_then": data.baseline_clips, "clips_now": data.new_clips}
    return {"part": TOTAL, "metric": _NEW_CLIPS, "judged": True, **sizes}


def _field_row(field: FieldDrift) -> _Row:
    return {
        "part": METADATA,
        "metric": field.name,
        "clips_then": field.baseline_clips,
        "clips_now": field.current_clips,
        "value_then": field.baseline_median,
        "value_now": field.current_median,
        "effect": field.distance,
        "psi": field.psi,
        "direction": field.direction or None,
        "p_value": field.p_value,
        "adjusted_p": field.adjusted_p,
        "judged": field.tested,
        "reason": field.reason or None,
    }


def _embedding_row(drift: EmbeddingDrift) -> _Row:
    return {
        "part": EMBEDDING,
        "metric": "mmd2",
        "clips_then": drift.baseline_clips,
        "clips_now": drift.current_clips,
        "value_now": drift.mmd2,
        "effect": drift.auc,
        "p_value": drift.p_value,
        "judged": drift.tested,
        "reason": drift.reason or None,
    }


def _field(row: Mapping[str, Any]) -> FieldDrift:
    return FieldDrift(
        name=row["metric"],
        baseline_clips=row["clips_then"],
        current_clips=row["clips_now"],
        baseline_median=_number(row["value_then"]),
        current_median=_number(row["value_now"]),
        distance=_number(row["effect"]),
        psi=_number(row["psi"]),
        direction=row["direction"] or "",
        p_value=_number(row["p_value"]),
        adjusted_p=_number(row["adjusted_p"]),
        tested=row["judged"],
        reason=row["reason"] or "",
    )


def _embedding(row: Mapping[str, Any]) -> EmbeddingDrift:
    return EmbeddingDrift(
        baseline_clips=row["clips_then"],
        current_clips=row["clips_now"],
        mmd2=_number(row["value_now"]),
        auc=_number(row["effect"]),
        p_value=_number(row["p_value"]),
        tested=row["judged"],
        reason=row["reason"] or "",
    )


def _change(row: Mapping[str, Any]) -> Change:
    return Change(
        part=row["part"],
        metric=row["metric"],
        baseline_clips=row["clips_then"],
        current_clips=row["clips_now"],
        baseline_value=_number(row["value_then"]),
        current_value=_number(row["value_now"]),
        effect=_number(row["effect"]),
        ci_low=_number(row["ci_low"]),
        ci_high=_number(row["ci_high"]),
        p_value=_number(row["p_value"]),
        tested=row["judged"],
        reason=row["reason"] or "",
    )


def _of_part(rows: pa.Table, part: str) -> list[_Row]:
    return rows.filter(pc.equal(rows["part"], part)).to_pylist()


def _nan_as_none(row: _Row) -> _Row:
    return {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in row.items()}


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)
