"""A `ClipTable` from joined rows of the database's tables.

Turning columns into aligned arrays belongs here; the join itself does not (`assets/clip_table`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
from scipy.special import softmax

from insight_dagster.analysis.insights.clip_table import ClipTable
from insight_dagster.tables import METADATA_FIELDS
from insight_dagster.tables.arrays import matrix_of

# Container facts that can explain an insight as well as a measurement does.
CONTAINER_FIELDS = ("fps", "width", "height", "duration_seconds", "has_audio")


def assemble(rows: pa.Table, coordinates: np.ndarray, model_labels: Sequence[str]) -> ClipTable:
    """Put a clip table together.

    Args:
        rows: n rows with the columns of `clip_manifest`, `predictions`, `clusters` and
            `metadata_table` that a clip table needs.
        coordinates: (n, k) principal components in the same order.
        model_labels: the model's labels in logit order.
    """
    frame = rows.drop_columns(["logits", "signature", "extra"]).to_pandas()
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
        metadata=pd.concat([_measured(frame), _user_fields(rows)], axis=1),
        signature=matrix_of(rows, "signature").astype(np.uint8),
        content_key=frame["content_key"].to_numpy(),
        model_labels=tuple(model_labels),
    )


def _measured(frame: pd.DataFrame) -> pd.DataFrame:
    """Metadata fields and container facts, with the average bit rate of the file in bit/s."""
    fields = [field.name for field in METADATA_FIELDS] + list(CONTAINER_FIELDS)
    bits = 8 * frame["size_bytes"].astype(np.float64)
    return frame[fields].astype(np.float64).assign(bit_rate=bits / frame["duration_seconds"])


def _user_fields(rows: pa.Table) -> pd.DataFrame:
    """What the user's functions measured: a column for every field that any clip has, by name."""
    measured = [dict(pairs) for pairs in rows["extra"].to_pylist()]
    names = sorted({name for each in measured for name in each})
    columns = {name: [each.get(name) for each in measured] for name in names}
    return pd.DataFrame(columns, index=range(len(measured)), dtype=np.float64)


def _numbers(rows: pa.Table, name: str) -> np.ndarray:
    """A nullable column as float64, null as NaN."""
    return rows[name].cast(pa.float64()).to_numpy().astype(np.float64)
