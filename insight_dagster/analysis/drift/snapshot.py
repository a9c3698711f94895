"""Snapshots of clips: how they were predicted and measured at one time.

Building a snapshot from rows, and the rows of a stored one, belong here; comparing two snapshots
does not (`comparison`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from insight_dagster.tables import BASELINE_CLIPS, METADATA_FIELDS

FIELD_NAMES = tuple(column.name for column in METADATA_FIELDS)
_SCORE_COLUMNS = ("clip_id", "class_name", "split", "content_key", "correct", "loss", "confidence")


@dataclass(frozen=True)
class Snapshot:
    """Clips at one time; every frame and array has one row per clip, in the same order.

    Attributes:
        scores: `clip_id`, `class_name`, `split`, `content_key`, `correct`, `loss`, `confidence`.
        metadata: (n, f) float64, the fields of `METADATA_FIELDS`; NaN where not measured.
        vectors: (n, d) float embeddings of one model; d = 0 where they were not requested or are
            of several models.
        metadata_version: version of the metadata definitions; '' where nothing is measured.

    Raises:
        ValueError: the number of rows or fields differs.
    """

    scores: pd.DataFrame
    metadata: np.ndarray
    vectors: np.ndarray
    metadata_version: str = ""

    def __post_init__(self) -> None:
        shapes = [self.metadata.shape, self.vectors.shape]
        if self.metadata.shape != (len(self.scores), len(FIELD_NAMES)):
            raise ValueError(
                f"a snapshot of {len(self.scores)} clips needs {len(FIELD_NAMES)} fields per clip, "
                f"got metadata and vectors of shapes {shapes}"
            )
        if len(self.vectors) != len(self.scores):
            raise ValueError(
                f"a snapshot needs one row for each of {len(self.scores)} clips, got metadata and "
                f"vectors of shapes {shapes}"
            )

    def take(self, rows: np.ndarray) -> Snapshot:
        """Return a snapshot of some of the clips.

        Args:
            rows: (n,) bool.
        """
        return replace(
            self,
            scores=self.scores[rows].reset_index(drop=True),
            metadata=self.metadata[rows],
            vectors=self.vectors[rows],
        )


def make_snapshot(
    scores: pd.DataFrame,
    metadata: pa.Table,
    *,
    vectors: Mapping[str, np.ndarray] | None = None,
    metadata_version: str = "",
) -> Snapshot:
    """Build a snapshot from rows that are keyed by clip.

    Args:
        scores: scores as in `Snapshot`, one row per clip.
        metadata: rows of `metadata_table` or `baseline_clips`.
        vectors: embeddings by clip id; None if there are none of a single model.
        metadata_version: version of the metadata definitions.
    """
    scores = scores.sort_values("clip_id", ignore_index=True)
    fields = metadata.select(["clip_id", *FIELD_NAMES]).to_pandas().set_index("clip_id")
    return Snapshot(
        scores,
        fields.reindex(scores["clip_id"]).to_numpy(np.float64),
        _by_clip(vectors, scores["clip_id"]),
        metadata_version,
    )


def stored_snapshot(rows: pa.Table, metadata_version: str) -> Snapshot:
    """Return the snapshot stored in rows of `baseline_clips`; it has no vectors."""
    scores = rows.to_pandas()[list(_SCORE_COLUMNS)]
    return make_snapshot(scores, rows, metadata_version=metadata_version)


def baseline_clip_rows(baseline_id: str, snapshot: Snapshot) -> pa.Table:
    """Return the rows of `baseline_clips` that store a snapshot as a baseline."""
    values = [
        {
            name: None if np.isnan(value) else float(value)
            for name, value in zip(FIELD_NAMES, row, strict=True)
        }
        for row in snapshot.metadata
    ]
    return BASELINE_CLIPS.from_rows(
        {"baseline_id": baseline_id, **_without_nan(clip), **fields}
        for clip, fields in zip(snapshot.scores.to_dict("records"), values, strict=True)
    )


def _by_clip(values: Mapping[str, np.ndarray] | None, clip_ids: pd.Series) -> np.ndarray:
    """Return (n, w) values in the order of the clips; (n, 0) without values."""
    if not values:
        return np.zeros((len(clip_ids), 0))
    rows = np.array([values[clip_id] for clip_id in clip_ids], np.float64)
    return rows.reshape(len(clip_ids), rows.shape[-1])


def _without_nan(clip: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(name): None if pd.isna(value) else value for name, value in clip.items()}
