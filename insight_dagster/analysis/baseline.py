"""A baseline: the clips of a moment as they did then, and what became of a class since.

Freezing a moment and comparing with one belong here; the tests (`drift`) and storing do not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from insight_dagster.analysis.drift import (
    EmbeddingDrift,
    FieldDrift,
    PerformanceDrift,
    embedding_drift,
    field_drift,
    performance_drift,
)
from insight_dagster.analysis.drift.rows import drift_rows
from insight_dagster.analysis.performance import scored_clips
from insight_dagster.check_settings import CheckSettings
from insight_dagster.tables import BASELINE_CLIPS, METADATA_FIELDS

FIELD_NAMES = tuple(column.name for column in METADATA_FIELDS)


@dataclass(frozen=True)
class Moment:
    """Clips as they are at one time; every frame and array has a row a clip, in one order.

    Attributes:
        scores: `clip_id`, `class_name`, `split`, `content_key`, `correct`, `loss`, `confidence`.
        metadata: (n, f) float64, the fields of `METADATA_FIELDS`; NaN where not measured.
        coordinates: (n, k) float in the baseline's latent space; k = 0 where there is none.
    """

    scores: pd.DataFrame
    metadata: np.ndarray
    coordinates: np.ndarray

    def __post_init__(self) -> None:
        shapes = (len(self.scores), self.metadata.shape, self.coordinates.shape)
        if self.metadata.shape != (len(self.scores), len(FIELD_NAMES)):
            raise ValueError(f"a moment needs {len(FIELD_NAMES)} fields a clip, got {shapes}")
        if len(self.coordinates) != len(self.scores):
            raise ValueError(f"a moment needs coordinates of every clip, got {shapes}")

    def take(self, rows: np.ndarray) -> Moment:
        """The clips of some rows."""
        frame = self.scores[rows].reset_index(drop=True)
        return Moment(frame, self.metadata[rows], self.coordinates[rows])


def moment(
    scores: pd.DataFrame,
    metadata: pa.Table,
    coordinates: Mapping[str, np.ndarray] | None = None,
) -> Moment:
    """Put a moment together from rows by clip.

    Args:
        scores: as in `Moment`, one row a clip.
        metadata: rows of `metadata_table` or `baseline_clips`.
        coordinates: of clips by their id; None: no common latent space.
    """
    scores = scores.sort_values("clip_id", ignore_index=True)
    fields = metadata.select(["clip_id", *FIELD_NAMES]).to_pandas().set_index("clip_id")
    values = fields.reindex(scores["clip_id"]).to_numpy(np.float64)
    points = np.zeros((len(scores), 0))
    if coordinates:
        points = np.array([coordinates[clip_id] for clip_id in scores["clip_id"]], np.float64)
    return Moment(scores, values, points.reshape(len(scores), points.shape[-1]))


def stored_moment(rows: pa.Table) -> Moment:
    """The moment that rows of `baseline_clips` keep."""
    frame = rows.to_pandas()
    named = ["clip_id", "class_name", "split", "content_key", "correct", "loss", "confidence"]
    points = dict(zip(rows["clip_id"].to_pylist(), rows["coordinates"].to_pylist(), strict=True))
    return moment(frame[named], rows, points)


def baseline_clip_rows(baseline_id: str, now: Moment) -> pa.Table:
    """Rows of `baseline_clips` that keep a moment."""
    values = [
        {
            name: None if np.isnan(value) else float(value)
            for name, value in zip(FIELD_NAMES, row, strict=True)
        }
        for row in now.metadata
    ]
    return BASELINE_CLIPS.from_rows(
        {
            "baseline_id": baseline_id,
            **_plain(clip),
            "coordinates": point.astype(np.float32).tolist(),
            **fields,
        }
        for clip, point, fields in zip(
            now.scores.to_dict("records"), now.coordinates, values, strict=True
        )
    )


def drift_since(
    class_name: str,
    then: Moment,
    now: Moment,
    *,
    baseline_id: str,
    limits: CheckSettings,
    seed: int,
) -> pa.Table:
    """Rows of `drift`: what became of a class since its baseline.

    Performance is compared over all its clips, or those of the splits that the settings name;
    metadata and embedding over contents that the baseline does not hold.

    Args:
        class_name: the class.
        then: its clips in the baseline.
        now: its clips now; no coordinates where the latent space of the baseline does not fit.
        baseline_id: of the baseline.
        limits: splits and the fewest clips that are compared.
        seed: of every resampling.
    """
    new = now.take(~now.scores["content_key"].isin(then.scores["content_key"]).to_numpy())
    least = {"min_clips": limits.drift_min_clips, "seed": seed}
    return drift_rows(
        class_name,
        baseline_id,
        performance_since(then, now, limits=limits, seed=seed),
        _field_drift(then, new, least),
        _embedding_drift(then, new, least),
    )


def performance_since(
    then: Moment, now: Moment, *, limits: CheckSettings, seed: int, by_class: bool = False
) -> PerformanceDrift:
    """Performance now against then.

    Args:
        then: clips of the baseline.
        now: clips now.
        limits: splits and the fewest clips that are compared.
        seed: of every resampling.
        by_class: several classes: compare new clips with old ones of their own class.
    """
    before, after = (
        scored_clips(each.scores, splits=limits.drift_splits, by_class=by_class)
        for each in (then, now)
    )
    return performance_drift(
        before,
        after,
        min_clips=limits.drift_min_clips,
        seed=seed,
    )


def _field_drift(then: Moment, new: Moment, least: Mapping[str, Any]) -> tuple[FieldDrift, ...]:
    return field_drift(then.metadata, new.metadata, FIELD_NAMES, **least)


def _embedding_drift(then: Moment, new: Moment, least: Mapping[str, Any]) -> EmbeddingDrift | None:
    if then.coordinates.shape[1] != new.coordinates.shape[1] or not then.coordinates.shape[1]:
        return None
    return embedding_drift(then.coordinates, new.coordinates, **least)


def _plain(clip: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(name): None if pd.isna(value) else value for name, value in clip.items()}
