"""Tables of the clips: the manifest, the embeddings and the predictions."""

from __future__ import annotations

from insight_dagster.errors import Fault
from insight_dagster.tables.columns import Column, Table, real, text, whole
from insight_dagster.tables.identity import CLASS, CLIP_ID, CONTENT, MODEL
from insight_dagster.tables.status import ClipStatus, Split

TRIED_AGAIN = (Fault.MOMENT, Fault.REPLACED)
"""Faults of quarantined clips that every run looks at again, though their files did not change."""

CLIP_MANIFEST = Table(
    "clip_manifest",
    "The clips of the library: file, split, properties of the video file, and problems.",
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
        Column("changed_ns", "BIGINT", "time of the file's last change of any kind", "ns", True),
        text("container", "container format", nullable=True),
        text("codec", "video codec", nullable=True),
        whole("width", "coded width before rotation", "px", True),
        whole("height", "coded height before rotation", "px", True),
        whole("rotation", "clockwise rotation for display", "deg", True),
        Column(
            "mirrored", "BOOLEAN", "whether left and right are swapped after that", nullable=True
        ),
        real("fps", "average frame rate", "1/s", True),
        whole("frames", "video frames in the file", nullable=True),
        real("duration_seconds", "duration of the video stream", "s", True),
        Column("has_audio", "BOOLEAN", "whether the file has an audio stream", nullable=True),
        Column(
            "undetectable_damage",
            "BOOLEAN",
            "whether damaged frames may pass: neither codec nor container would show them",
            nullable=True,
        ),
        text("decoder", "decoder chosen for the file: pyav or decord", nullable=True),
        text("decoder_reason", "why this decoder was chosen", nullable=True),
        text("status", ClipStatus.listed()),
        text("problem", "why the clip is quarantined", nullable=True),
        text(
            "fault",
            f"what is at fault: {Fault.FILE} (the clip is tried again when the file changes), "
            f"{' or '.join(TRIED_AGAIN)} (with the next run)",
            nullable=True,
        ),
    ),
)

EMBEDDINGS = Table(
    "embeddings",
    "Latent vectors of the clips: activations of several layers, pooled and concatenated.",
    ("clip_id",),
    (
        CLIP_ID,
        CLASS,
        CONTENT,
        MODEL,
        Column(
            "embedding", "FLOAT[{dimension}]", "pooled activations, layers in the model's order"
        ),
    ),
)

PREDICTIONS = Table(
    "predictions",
    "The model's predictions for the clips, and their loss and margin for the true label.",
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
            "probability of the true label; null: not a model label",
            nullable=True,
        ),
        real("loss", "cross entropy of the true label", "nat", True),
        real("margin", "logit of the true label minus the largest other logit", nullable=True),
        real("entropy", "entropy of the predicted distribution", "nat"),
        Column(
            "correct", "BOOLEAN", "predicted = class_name; null: not a model label", nullable=True
        ),
    ),
)
