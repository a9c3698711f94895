"""Tables of a class's clips: which there are, their vectors and predictions."""

from __future__ import annotations

from insight_dagster.tables.columns import Column, Table, real, text, whole
from insight_dagster.tables.identity import CLASS, CLIP_ID, CONTENT, MODEL
from insight_dagster.tables.status import ClipStatus, Split

CLIP_MANIFEST = Table(
    "clip_manifest",
    "Which clips exist, where, their split, what the container says, what is wrong with them.",
    ("clip_id",),
    (
        CLIP_ID,
        CLASS,
        text("path", "file, relative to the clip library"),
        text("split", f"{Split.listed()} ('' where the library names none)"),
        CONTENT,
        real("window_start", "start of the labelled segment in the file", "s"),
        real("window_end", "end of the labelled segment; null = end of file", "s", True),
        Column("size_bytes", "BIGINT", "file size", "B", True),
        Column("modified_ns", "BIGINT", "modification time of the file", "ns", True),
        text("container", "container format", nullable=True),
        text("codec", "video codec", nullable=True),
        whole("width", "coded width before rotation", "px", True),
        whole("height", "coded height before rotation", "px", True),
        whole("rotation", "clockwise rotation for display", "deg", True),
        real("fps", "average frame rate", "1/s", True),
        whole("frames", "video frames in the file", nullable=True),
        real("duration_seconds", "duration of the video stream", "s", True),
        Column("has_audio", "BOOLEAN", "whether the file has an audio stream", nullable=True),
        text("decoder", "decoder chosen for the file: pyav or decord", nullable=True),
        text("decoder_reason", "why that decoder and not the other", nullable=True),
        text("status", ClipStatus.listed()),
        text("problem", "why the clip is quarantined", nullable=True),
    ),
)

EMBEDDINGS = Table(
    "embeddings",
    "A clip's latent vector: several layers of the model, pooled and concatenated.",
    ("clip_id",),
    (
        CLIP_ID,
        CLASS,
        CONTENT,
        MODEL,
        Column("embedding", "FLOAT[{dimension}]", "pooled activations, taps in the model's order"),
    ),
)

PREDICTIONS = Table(
    "predictions",
    "What the model says of a clip.",
    ("clip_id",),
    (
        CLIP_ID,
        CLASS,
        CONTENT,
        MODEL,
        Column("logits", "FLOAT[]", "scores before the softmax, in the model's label order"),
        text("predicted", "label with the largest logit"),
        Column("top5", "VARCHAR[]", "labels of the five largest logits"),
        Column("top5_probabilities", "FLOAT[]", "their probabilities"),
        real(
            "probability",
            "probability of the clip's own class; null: not a model label",
            nullable=True,
        ),
        real("loss", "cross entropy of the clip's own class", "nat", True),
        real("margin", "own-class logit minus the largest other logit", nullable=True),
        real("entropy", "entropy of the predicted distribution", "nat"),
        Column(
            "correct", "BOOLEAN", "predicted = class_name; null: not a model label", nullable=True
        ),
    ),
)
