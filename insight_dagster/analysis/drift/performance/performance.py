"""How the model does on clips, as the drift engine takes it and as rows of `performance`.

Joining predictions with splits and laying out figures belong here; comparing nights does not
(`drift`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from insight_dagster.analysis.drift.performance.figures import Figures, figures
from insight_dagster.analysis.drift.performance.scored_clips import ScoredClips
from insight_dagster.analysis.embeddings.predictions import confidences
from insight_dagster.tables import PERFORMANCE

ALL_SPLITS = ""


def scored_clips(
    rows: pd.DataFrame, *, splits: Sequence[str] = (), by_class: bool = False
) -> ScoredClips:
    """Clips that can be scored: usable, and with a label that the model has.

    Args:
        rows: `clip_id`, `class_name`, `split`, `correct`, `loss` and `confidence` of every clip.
        splits: keep clips of these alone; () = all.
        by_class: compare within class and split, not within the split alone.
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
    """What `scored_clips` takes, of clips as they are predicted now.

    Args:
        predictions: rows of `predictions`.
        manifest: rows of `clip_manifest` that name their splits.
    """
    frame = predictions.select(["clip_id", "class_name", "correct", "loss"]).to_pandas()
    frame["confidence"] = confidences(predictions)
    splits = manifest.select(["clip_id", "split"]).to_pandas()
    return frame.merge(splits, on="clip_id", how="inner", validate="one_to_one")


def performance_rows(class_name: str, clips: ScoredClips, *, model_fingerprint: str) -> pa.Table:
    """Rows of `performance`: all clips of a class, and every named split.

    Args:
        class_name: the class.
        clips: its clips, with their splits as strata.
        model_fingerprint: of the model that predicted them.
    """
    named = sorted(set(clips.strata.tolist()) - {ALL_SPLITS})
    parts = {ALL_SPLITS: clips, **{name: clips.take(clips.strata == name) for name in named}}
    identity = {"class_name": class_name, "model_fingerprint": model_fingerprint}
    return PERFORMANCE.from_rows(
        {**identity, "split": split, **figure_columns(figures(part))}
        for split, part in parts.items()
    )


def figure_columns(found: Figures) -> dict[str, float | int | None]:
    """Figures under the column names that several tables share."""
    known = found.clips > 0
    return {
        "clips": found.clips,
        "accuracy": found.accuracy.estimate if known else None,
        "ci_low": found.accuracy.low,
        "ci_high": found.accuracy.high,
        "mean_loss": found.mean_loss.estimate if known else None,
        "calibration_error": found.calibration_error if known else None,
    }
