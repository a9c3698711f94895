"""A `ClipTable` from joined rows of the database's tables.

Turning columns into aligned arrays belongs here; the join itself does not (`assets/clip_table`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from scipy.special import softmax

from insight_dagster.analysis.insights.clip_table import ClipTable
from insight_dagster.analysis.matrices import matrix_of
from insight_dagster.tables import METADATA_FIELDS

# Container facts that can explain an insight as well as a measurement does.
CONTAINER_FIELDS = ("fps", "width", "height", "duration_seconds")


def assemble(rows: pa.Table, coordinates: np.ndarray, model_labels: Sequence[str]) -> ClipTable:
    """Put a clip table together.

    Args:
        rows: n rows with the columns of `clip_manifest`, `predictions`, `clusters` and
            `metadata_table` that a clip table needs.
        coordinates: (n, k) principal components in the same order.
        model_labels: the model's labels in logit order.
    """
    frame = rows.drop_columns(["logits", "signature"]).to_pandas()
    fields = [field.name for field in METADATA_FIELDS] + list(CONTAINER_FIELDS)
    return ClipTable(
        clip_ids=frame["clip_id"].to_numpy(),
        labels=frame["class_name"].to_numpy(),
        splits=frame["split"].to_numpy(),
        predicted=frame["predicted"].to_numpy(),
        probability=_numbers(rows, "probability"),
        loss=_numbers(rows, "loss"),
        correct=_numbers(rows, "correct"),
        probabilities=softmax(matrix_of(rows, "logits", width=len(model_labels)), axis=1),
        coordinates=coordinates,
        cluster=frame["cluster"].to_numpy(),
        strength=_numbers(rows, "strength"),
        metadata=frame[fields].astype(np.float64),
        signature=matrix_of(rows, "signature").astype(np.uint8),
        content_key=frame["content_key"].to_numpy(),
        model_labels=tuple(model_labels),
    )


def _numbers(rows: pa.Table, name: str) -> np.ndarray:
    """A nullable column as float64, null as NaN."""
    return rows[name].cast(pa.float64()).to_numpy().astype(np.float64)
