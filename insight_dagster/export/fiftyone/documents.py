"""Documents in FiftyOne's file format: identities, arrays, labels and field descriptions.

Belongs here: how a value is written (MongoDB's extended JSON), whatever it says. Does not: which
fields a clip has (`fiftyone_samples.py`), or the folder (`fiftyone_export.py`).
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
# The format has not changed since for what is written here; later versions take it as it is.
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
    """An id (`ObjectId`) that is the same whenever the names are."""
    return {"$oid": hex_of(*names)}


def hex_of(*names: object) -> str:
    """24 hexadecimal digits that are the same whenever the names are."""
    return hashlib.blake2b(json.dumps(names).encode(), digest_size=12).hexdigest()


def binary(array: NDArray[Any]) -> Document:
    """An array as the value of a field: NumPy's own format, compressed, in base64."""
    with io.BytesIO() as out:
        np.save(out, np.ascontiguousarray(array), allow_pickle=False)
        packed = zlib.compress(out.getvalue(), level=1)
    return {"$binary": {"base64": base64.b64encode(packed).decode(), "subType": "00"}}


def date(moment: datetime | None) -> Document | None:
    """A moment, given in UTC without saying so."""
    return None if moment is None else {"$date": f"{moment.isoformat(timespec='milliseconds')}Z"}


def label(kind: str, *names: object, **values: Any) -> Document:
    """A label (`Classification`, `Heatmap`, ...) of the clip and field named, without gaps."""
    return {"_id": identity(*names), "_cls": kind, "tags": [], **without_gaps(values)}


def without_gaps(values: Document) -> Document:
    """The values that are there: neither null nor a number that is none."""
    return {
        name: value
        for name, value in values.items()
        if value is not None and not (isinstance(value, float) and not np.isfinite(value))
    }


def field(name: str, kind: str, **more: Any) -> Document:
    """The description of a field.

    Args:
        name: as users see it.
        kind: class of its values in `fiftyone.core.fields`.
        more: what differs from a plain field.
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
    """The description of a field that a table's column becomes."""
    info = {"unit": column.unit} if column.unit else None
    return field(column.name, _KINDS[column.sql_type], description=column.description, info=info)


def label_field(name: str, kind: str, description: str) -> Document:
    """The description of a field of labels."""
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


def view(name: str, tag: str, description: str, moment: datetime | None) -> Document:
    """A saved view of the samples with a tag; the name is of ASCII letters, digits and spaces."""
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
        "created_at": date(moment),
        "last_modified_at": date(moment),
        "last_loaded_at": None,
    }


def visualization(key: str, moment: datetime | None) -> Document:
    """A run of `fiftyone.brain.compute_visualization` with points of one's own, under a key."""
    return {
        "key": key,
        "version": VERSION,
        "timestamp": date(moment),
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
    """The result of such a run: where each sample lies, (n, 2).

    As plain lists: packed arrays are read by newer versions of FiftyOne alone.
    """
    return {
        "cls": "fiftyone.brain.visualization.VisualizationResults",
        "points": points.tolist(),
        "sample_ids": list(sample_ids),
        "label_ids": None,
    }


def write_documents(path: Path, key: str, documents: Iterable[Document]) -> int:
    """Write a collection, document by document, and say how many there were."""
    count = 0
    with path.open("w", encoding="utf-8") as out:
        out.write(f"{{{json.dumps(key)}: [")
        for document in documents:
            out.write(f"{',' if count else ''}\n{json.dumps(document, allow_nan=False)}")
            count += 1
        out.write("\n]}\n")
    return count
