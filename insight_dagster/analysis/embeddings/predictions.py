"""Predictions as rows: label, confidence, and agreement with the clip's true label.

Turning logits into rows of `tables.PREDICTIONS` belongs here; the model
(`analysis.model.video_classifier`) does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from scipy.special import logsumexp

from insight_dagster import tables
from insight_dagster.analysis.clip_library.clip import Clip

OF_LABEL = ("probability", "loss", "margin", "correct")
"""Columns that depend on the clip's true label; the others depend only on the model."""

_TOP = 5


@dataclass(frozen=True)
class _TrueLabel:
    """Scores of the clip's true label; all None if the model does not have that label."""

    probability: float | None = None
    loss: float | None = None
    margin: float | None = None
    correct: bool | None = None


def prediction_rows(
    clips: Sequence[Clip],
    logits: np.ndarray,
    *,
    labels: tuple[str, ...],
    model_fingerprint: str,
) -> pa.Table:
    """Return rows of `tables.PREDICTIONS`, one per clip, in the given order.

    Probabilities are the softmax of the logits; loss (negative log likelihood) and entropy are in
    nats. Among equal logits the label with the lower index comes first.

    Args:
        clips: the n clips.
        logits: (n, C) float32, before the softmax.
        labels: C labels in index order.
        model_fingerprint: fingerprint of the model that computed the logits.

    Raises:
        ValueError: the counts do not agree.
    """
    if logits.shape != (len(clips), len(labels)):
        raise ValueError(
            f"logits must be ({len(clips)} clips, {len(labels)} labels), got {logits.shape}"
        )
    scores = logits.astype(np.float64)
    log_probabilities = scores - logsumexp(scores, axis=1, keepdims=True)
    probabilities = np.exp(log_probabilities)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :_TOP]
    index_of = {label: index for index, label in enumerate(labels)}
    scored = [
        _true_label(scores[row], log_probabilities[row], index_of.get(clip.class_name))
        for row, clip in enumerate(clips)
    ]
    top5 = np.take_along_axis(probabilities, order, axis=1).astype(np.float32)
    columns = {
        **identity_columns(clips, model_fingerprint),
        "logits": pa.array(list(logits.astype(np.float32)), pa.list_(pa.float32())),
        "predicted": pa.array([labels[best[0]] for best in order], pa.string()),
        "top5": pa.array([[labels[i] for i in best] for best in order], pa.list_(pa.string())),
        "top5_probabilities": pa.array(list(top5), pa.list_(pa.float32())),
        "probability": pa.array([each.probability for each in scored], pa.float64()),
        "loss": pa.array([each.loss for each in scored], pa.float64()),
        "margin": pa.array([each.margin for each in scored], pa.float64()),
        "entropy": pa.array(-(probabilities * log_probabilities).sum(axis=1), pa.float64()),
        "correct": pa.array([each.correct for each in scored], pa.bool_()),
    }
    return pa.table({name: columns[name] for name in tables.PREDICTIONS.column_names})


def confidences(predictions: pa.Table) -> np.ndarray:
    """Return the probability of each predicted label, (n,) float64, of rows of `predictions`."""
    return np.array([best[0] for best in predictions["top5_probabilities"].to_pylist()], float)


def identity_columns(clips: Sequence[Clip], model_fingerprint: str) -> dict[str, pa.Array]:
    """Return the columns that identify a row's clip and model."""
    return {
        "clip_id": pa.array([clip.clip_id for clip in clips], pa.string()),
        "class_name": pa.array([clip.class_name for clip in clips], pa.string()),
        "content_key": pa.array([clip.content_key for clip in clips], pa.string()),
        "model_fingerprint": pa.array([model_fingerprint] * len(clips), pa.string()),
    }


def _true_label(scores: np.ndarray, log_probabilities: np.ndarray, index: int | None) -> _TrueLabel:
    if index is None:
        return _TrueLabel()
    others = np.delete(scores, index)
    return _TrueLabel(
        probability=float(np.exp(log_probabilities[index])),
        loss=float(-log_probabilities[index]),
        margin=float(scores[index] - others.max()) if len(others) else None,
        correct=bool(np.argmax(scores) == index),
    )
