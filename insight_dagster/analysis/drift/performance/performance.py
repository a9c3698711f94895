"""Rows of the table `performance`, and scored clips from rows of predictions.

Joining predictions with splits and laying out metrics belong here; computing the metrics
(`metrics`) and comparing them with a baseline (`performance_drift`) do not.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from insight_dagster.analysis.drift.performance.metrics import (
    PerformanceMetrics,
    performance_metrics,
)
from insight_dagster.analysis.drift.performance.scored_clips import ScoredClips
from insight_dagster.analysis.embeddings.predictions import confidences
from insight_dagster.tables import PERFORMANCE

ALL_SPLITS = ""


def scored_clips(
    rows: pd.DataFrame, *, splits: Sequence[str] = (), by_class: bool = False
) -> ScoredClips:
    """Return the clips that can be scored: usable, with a label that the model knows.

    Args:
        rows: `clip_id`, `class_name`, `split`, `correct`, `loss` and `confidence` of every clip.
        splits: splits to keep; () = all.
        by_class: use class and split as strata instead of the split alone.
    """
    kept = rows[rows["correct"].notna() & rows["loss"].notna()]
    if splits:
        kept = kept[kept["split"].isin(list(splits))]
    strata = kept["class_name"] + "|" + kept["split"] if by_class else kept["split"]
    return ScoredClips(
        clip_ids=kept["clip_id"].to_numpy(str),
        strata=strata.to_numpy(str),
        correct=kept["correct"].to_numpy(np.float64),
        loss=kept["loss"].to_numpy(np.float64),
        confidence=np.clip(kept["confidence"].to_numpy(np.float64), 0, 1),
    )


def scores(predictions: pa.Table, manifest: pa.Table) -> pd.DataFrame:
    """Join predictions with splits into the frame that `scored_clips` takes.

    Args:
        predictions: rows of `predictions`.
        manifest: rows of `clip_manifest`, for the splits.
    """
    frame = predictions.select(["clip_id", "class_name", "correct", "loss"]).to_pandas()
    frame["confidence"] = confidences(predictions)
    splits = manifest.select(["clip_id", "split"]).to_pandas()
    return frame.merge(splits, on="clip_id", how="inner", validate="one_to_one")


def performance_rows(class_name: str, clips: ScoredClips, *, model_fingerprint: str) -> pa.Table:
    """Return the rows of `performance` of a class: all its clips, and each named split.

    Args:
        class_name: the class.
        clips: its clips, with their splits as strata.
        model_fingerprint: fingerprint of the model that predicted them.
    """
    named = sorted(set(clips.strata.tolist()) - {ALL_SPLITS})
    parts = {ALL_SPLITS: clips, **{name: clips.take(clips.strata == name) for name in named}}
    identity = {"class_name": class_name, "model_fingerprint": model_fingerprint}
    return PERFORMANCE.from_rows(
        {**identity, "split": split, **metric_columns(performance_metrics(part))}
        for split, part in parts.items()
    )


def metric_columns(metrics: PerformanceMetrics) -> dict[str, float | int | None]:
    """Return metrics by column name, as several tables have them."""
    known = metrics.clips > 0
    return {
        "clips": metrics.clips,
        "accuracy": metrics.accuracy.estimate if known else None,
        "ci_low": metrics.accuracy.low,
        "ci_high": metrics.accuracy.high,
        "mean_loss": metrics.mean_loss.estimate if known else None,
        "calibration_error": metrics.calibration_error if known else None,
    }
