"""Documents in FiftyOne's file format: identities, arrays, labels and field descriptions.

Belongs here: how any value is written (MongoDB's extended JSON). Does not: which fields a clip has
(`samples`), or the folder (`dataset`).
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from insight_dagster.tables.columns import Column

Document = dict[str, Any]
# What is written here has had the same format since; later versions read it too.
VERSION = "1.0.0"
_FIELDS, _LABELS = "fiftyone.core.fields", "fiftyone.core.labels"
_KINDS = {
    "VARCHAR": "StringField",
    "DOUBLE": "FloatField",
    "INTEGER": "IntField",
    "BIGINT": "IntField",
    "BOOLEAN": "BooleanField",
}


def identity(*names: object) -> Document:
    """Return an id (`ObjectId`) that depends on the names alone."""
    return {"$oid": hex_of(*names)}


def hex_of(*names: object) -> str:
    """Return 24 hexadecimal digits that depend on the names alone."""
    return hashlib.blake2b(json.dumps(names).encode(), digest_size=12).hexdigest()


def binary(array: NDArray[Any]) -> Document:
    """Return an array as the value of a field: NumPy's own format, compressed, in base64."""
    with io.BytesIO() as out:
        np.save(out, np.ascontiguousarray(array), allow_pickle=False)
        packed = zlib.compress(out.getvalue(), level=1)
    return {"$binary": {"base64": base64.b64encode(packed).decode(), "subType": "00"}}


def date(time: datetime | None) -> Document | None:
    """Return a time, which is naive and in UTC; None for None."""
    return None if time is None else {"$date": f"{time.isoformat(timespec='milliseconds')}Z"}


def label(kind: str, *names: object, **values: Any) -> Document:
    """Return a label (`Classification`, `Heatmap`, ...), without missing values.

    Args:
        kind: class of the label in `fiftyone.core.labels`.
        names: identify it, e.g. clip and field.
        values: of its fields.
    """
    return {"_id": identity(*names), "_cls": kind, "tags": [], **without_missing(values)}


def without_missing(values: Document) -> Document:
    """Return the values that are neither null, infinite nor NaN."""
    return {
        name: value
        for name, value in values.items()
        if value is not None and not (isinstance(value, float) and not np.isfinite(value))
    }


def field(name: str, kind: str, **more: Any) -> Document:
    """Return the description of a field.

    Args:
        name: as users see it.
        kind: class of its values in `fiftyone.core.fields`.
        more: entries that differ from those of a plain field.
    """
    subfield = more.pop("of", None)
    return {
        "name": name,
        "ftype": f"{_FIELDS}.{kind}",
        "embedded_doc_type": None,
        "subfield": subfield and f"{_FIELDS}.{subfield}",
        "fields": [],
        "db_field": name,
        "description": None,
        "info": None,
        "read_only": False,
    } | more


def column_field(column: Column) -> Document:
    """Return the description of a field for a column of a table."""
    info = {"unit": column.unit} if column.unit else None
    return field(column.name, _KINDS[column.sql_type], description=column.description, info=info)


def label_field(name: str, kind: str, description: str) -> Document:
    """Return the description of a field of labels."""
    parts = [_ID, field("tags", "ListField", of="StringField"), *_PARTS[kind]]
    return field(
        name,
        "EmbeddedDocumentField",
        embedded_doc_type=f"{_LABELS}.{kind}",
        fields=parts,
        description=description,
    )


_ID = field("id", "ObjectIdField", db_field="_id")
_CONFIDENCE = field("confidence", "FloatField")
_PARTS = {
    "Classification": (field("label", "StringField"), _CONFIDENCE, field("logits", "VectorField")),
    "TemporalDetection": (
        field("label", "StringField"),
        field("support", "FrameSupportField", of="IntField"),
        _CONFIDENCE,
    ),
    "Heatmap": (
        field("map", "ArrayField"),
        field("map_path", "StringField"),
        field("range", "HeatmapRangeField", of="FloatField"),
    ),
}
_METADATA = {
    "size_bytes": "IntField",
    "mime_type": "StringField",
    "frame_width": "IntField",
    "frame_height": "IntField",
    "frame_rate": "FloatField",
    "total_frame_count": "IntField",
    "duration": "FloatField",
    "encoding_str": "StringField",
}
_EVERYWHERE = (
    _ID,
    field("created_at", "DateTimeField", read_only=True),
    field("last_modified_at", "DateTimeField", read_only=True),
    field("_dataset_id", "ObjectIdField"),
)
SAMPLE_FIELDS = (
    *_EVERYWHERE,
    field("filepath", "StringField"),
    field("tags", "ListField", of="StringField"),
    field(
        "metadata",
        "EmbeddedDocumentField",
        embedded_doc_type="fiftyone.core.metadata.VideoMetadata",
        fields=[field(name, kind) for name, kind in _METADATA.items()],
    ),
    field("_media_type", "StringField"),
    field("_rand", "FloatField"),
)
FRAME_FIELDS = (
    *_EVERYWHERE,
    field("frame_number", "FrameNumberField"),
    field("_sample_id", "ObjectIdField"),
)


def view(name: str, tag: str, description: str, time: datetime | None) -> Document:
    """Return a saved view of the samples with a tag; its name is ASCII letters, digits, spaces."""
    stage = {
        "_cls": "fiftyone.core.stages.MatchTags",
        "kwargs": [["tags", [tag]], ["bool", True], ["all", False]],
    }
    return {
        "name": name,
        "slug": name.lower().replace(" ", "-"),
        "description": description,
        "color": None,
        "view_stages": [json.dumps(stage)],
        "created_at": date(time),
        "last_modified_at": date(time),
        "last_loaded_at": None,
    }


def visualization(key: str, time: datetime | None) -> Document:
    """Return a run of `fiftyone.brain.compute_visualization` with given points, under a key."""
    return {
        "key": key,
        "version": VERSION,
        "timestamp": date(time),
        "config": {
            "cls": "fiftyone.brain.visualization.ManualVisualizationConfig",
            "type": "visualization",
            "method": "manual",
            "embeddings_field": "embedding",
            "model": None,
            "patches_field": None,
            "num_dims": 2,
        },
        "view_stages": [],
        "results": None,
    }


def visualization_points(sample_ids: Sequence[str], points: NDArray[np.float64]) -> Document:
    """Return the result of such a run: the place of each sample, (n, 2).

    They are plain lists, because only newer versions of FiftyOne read packed arrays.
    """
    return {
        "cls": "fiftyone.brain.visualization.VisualizationResults",
        "points": points.tolist(),
        "sample_ids": list(sample_ids),
        "label_ids": None,
    }


def write_documents(path: Path, key: str, documents: Iterable[Document]) -> int:
    """Write a collection, document by document, and return how many there were."""
    count = 0
    with path.open("w", encoding="utf-8") as out:
        out.write(f"{{{json.dumps(key)}: [")
        for document in documents:
            out.write(f"{',' if count else ''}\n{json.dumps(document, allow_nan=False)}")
            count += 1
        out.write("\n]}\n")
    return count
