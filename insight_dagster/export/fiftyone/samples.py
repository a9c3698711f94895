"""A clip as a FiftyOne sample, and the fields that samples have.

Rows come from `exported_clips`; how a value is written is in `documents`.
"""

from __future__ import annotations

import math
import mimetypes
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from insight_dagster import tables
from insight_dagster.export.fiftyone.documents import (
    SAMPLE_FIELDS,
    Document,
    binary,
    column_field,
    field,
    hex_of,
    identity,
    label,
    label_field,
    without_missing,
)
from insight_dagster.export.fiftyone.heatmaps import upright
from insight_dagster.tables.metadata import METADATA_FIELDS

_OF_TABLES = {
    tables.CLIP_MANIFEST: ("clip_id", "content_key", "path", "window_start", "window_end"),
    tables.PREDICTIONS: ("probability", "loss", "margin", "entropy", "correct"),
    tables.PROJECTION: ("x", "y", "pca_x", "pca_y"),
    tables.CLUSTERS: ("cluster", "strength"),
    tables.METADATA_TABLE: tuple(column.name for column in METADATA_FIELDS),
}
COLUMNS = tuple(
    column
    for table, names in _OF_TABLES.items()
    for column in table.columns
    if column.name in names
)
_LABELS = (
    label_field("ground_truth", "Classification", "class that the clip is labelled with"),
    label_field("predictions", "Classification", "label that the model predicts"),
    label_field("window", "TemporalDetection", "frames of the file that the clip is"),
    label_field("heatmap", "Heatmap", "where the model looked for its prediction, mean over time"),
)


@dataclass(frozen=True)
class ClipParts:
    """What samples have beside the rows of their clips.

    Attributes:
        tags: the tags of the insights that a clip is a core member of, by insight id.
        vectors, logits: by clip id.
        heatmaps: the label, by clip id.
        extra: field names of the values that users' own functions measured.
    """

    tags: Mapping[str, str]
    vectors: Mapping[str, NDArray[np.float32]]
    logits: Mapping[str, NDArray[np.float32]]
    heatmaps: Mapping[str, Document]
    extra: Mapping[str, str]


def sample_fields(extra: Iterable[str]) -> list[Document]:
    """Return descriptions of all fields of samples.

    Args:
        extra: names of the values that users' own functions measured.
    """
    own = {fieldname: name for name, fieldname in extra_fields(extra).items()}
    return [
        *SAMPLE_FIELDS,
        *_LABELS,
        *(column_field(column) for column in COLUMNS),
        *(field(name, "FloatField", description=text) for name, text in own.items()),
        field("embedding", "VectorField", description="the clip's latent vector"),
    ]


def extra_fields(names: Iterable[str]) -> dict[str, str]:
    """Return field names of values that users' own functions measured: they may have no dots."""
    fields: dict[str, str] = {}
    for name in sorted(names):
        plain = f"extra_{re.sub(r'[^A-Za-z0-9_]', '_', name)}"
        same = sum(re.fullmatch(rf"{plain}(_\d+)?", each) is not None for each in fields.values())
        fields[name] = f"{plain}_{same + 1}" if same else plain
    return fields


def extra_names(clips: pa.Table) -> list[str]:
    """Return the names of all values that users' own functions measured."""
    return sorted({name for each in clips["extra"].to_pylist() for name, _ in each or ()})


def sample(row: dict[str, Any], filepath: str, parts: ClipParts) -> Document:
    """Return the document of one clip.

    Args:
        row: of `exported_clips`.
        filepath: its video, absolute or relative to the dataset's folder.
        parts: of all clips.
    """
    clip_id = row["clip_id"]
    vector = parts.vectors.get(clip_id)
    values = {
        **{column.name: row[column.name] for column in COLUMNS},
        **{parts.extra[name]: value for name, value in row["extra"] or ()},
        "ground_truth": label("Classification", clip_id, "ground_truth", label=row["class_name"]),
        "predictions": _prediction(row, parts.logits.get(clip_id)),
        "window": _window(row),
        "heatmap": parts.heatmaps.get(clip_id),
        "embedding": None if vector is None else binary(vector),
    }
    return {
        "_id": identity(clip_id),
        "filepath": filepath,
        "tags": _tags(row, parts.tags),
        "metadata": _metadata(row),
        "_media_type": "video",
        # What FiftyOne shuffles by; its own is random.
        "_rand": int(hex_of(clip_id, "rand")[:12], 16) / 16**12,
        **without_missing(values),
    }


def _tags(row: dict[str, Any], tags: Mapping[str, str]) -> Sequence[str]:
    # A split is named by a folder, which could be named like the tag of an insight.
    split = [re.sub(r"[^\w .-]", "_", row["split"])] if row["split"] else []
    return [*split, *sorted(tags[one] for one in row["insights"] if one in tags)]


def _prediction(row: dict[str, Any], logits: NDArray[np.float32] | None) -> Document | None:
    if row["predicted"] is None:
        return None
    return label(
        "Classification",
        row["clip_id"],
        "predictions",
        label=row["predicted"],
        confidence=next(iter(row["top5_probabilities"] or ()), None),
        logits=None if logits is None else binary(logits),
    )


def _window(row: dict[str, Any]) -> Document | None:
    """Return the clip's frames, from 1, both ends included."""
    fps, frames = row["fps"], row["frames"]
    if not fps or not frames:
        return None
    end = frames if row["window_end"] is None else math.ceil(round(row["window_end"] * fps, 6))
    last = max(1, min(end, frames))
    first = min(int(round(row["window_start"] * fps, 6)) + 1, last)
    names = (row["clip_id"], "window")
    return label("TemporalDetection", *names, label="clip", support=[first, last])


def _metadata(row: dict[str, Any]) -> Document:
    width, height = upright(row)
    known = {
        "size_bytes": row["size_bytes"],
        "mime_type": mimetypes.guess_type(row["path"])[0],
        "frame_width": width,
        "frame_height": height,
        "frame_rate": row["fps"],
        "total_frame_count": row["frames"],
        "duration": row["duration_seconds"],
        "encoding_str": row["codec"],
    }
    return {"_cls": "VideoMetadata", **without_missing(known)}
