"""Tables of a class's clips: which there are, their vectors, predictions and measurements."""

from __future__ import annotations

from insight_dagster.columns import Column, Table, measure, real, text, whole
from insight_dagster.tables.identity import CLASS, CLIP_ID, CONTENT, MODEL

CLIP_MANIFEST = Table(
    "clip_manifest",
    "Which clips exist, where, their split, what the container says, what is wrong with them.",
    ("clip_id",),
    (
        CLIP_ID,
        CLASS,
        text("path", "file, relative to the clip library"),
        text("split", "train, val or test ('' where the library names none)"),
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
        text("status", "ok or quarantined"),
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


_PER_PAIR = "share of the diagonal per frame pair"
METADATA_FIELDS = (
    measure("ssim_mean", "mean structural similarity of consecutive frames (7x7 window)"),
    measure("ssim_std", "standard deviation of that similarity"),
    measure("ssim_min", "smallest of that similarity"),
    measure("ssim_max", "largest of that similarity"),
    measure(
        "frame_difference_mean",
        "mean absolute grey-level difference of consecutive frames",
        "grey levels",
    ),
    measure(
        "frame_difference_std",
        "standard deviation over frame pairs of that difference",
        "grey levels",
    ),
    measure("foreground_ratio", "share of pixels that move against the camera's motion", "0-1"),
    measure(
        "foreground_ratio_uncompensated",
        "share of pixels that change by over 20 grey levels (clip stretched to 0-255)",
        "0-1",
    ),
    measure("sharpness", "variance of the Laplacian, mean over frames", "grey levels^2"),
    measure(
        "total_variation", "anisotropic total variation per pixel, mean over frames", "grey levels"
    ),
    measure("edge_density", "share of Canny edge pixels, mean over frames", "0-1"),
    measure("mean_red", "mean red", "0-255"),
    measure("mean_green", "mean green", "0-255"),
    measure("mean_blue", "mean blue", "0-255"),
    measure("brightness", "mean luma", "0-255"),
    measure("contrast", "standard deviation of luma in a frame, mean over frames", "grey levels"),
    measure("saturation", "mean HSV saturation", "0-1"),
    measure("flow_magnitude_mean", "mean optical-flow length", _PER_PAIR),
    measure("flow_magnitude_std", "its standard deviation over pixels and pairs", _PER_PAIR),
    measure("flow_magnitude_max", "99th percentile over pixels, largest over pairs", _PER_PAIR),
    measure("camera_motion", "mean length of the estimated camera translation", _PER_PAIR),
    measure("motion_centre_x", "centre of motion, 0 left, 1 right; null: none", "0-1"),
    measure("motion_centre_y", "centre of motion, 0 top, 1 bottom; null: none", "0-1"),
    measure("motion_entropy", "entropy of the motion directions (8 bins), 1 = uniform", "0-1"),
    measure("periodicity", "largest autocorrelation of the motion, lag of 2 pairs or more", "0-1"),
)

METADATA_TABLE = Table(
    "metadata_table",
    "Measured properties of a clip, from the same frames that the model sees.",
    ("clip_id",),
    (
        CLIP_ID,
        CLASS,
        CONTENT,
        text("metadata_version", "version of the definitions and of the sampling"),
        *METADATA_FIELDS,
        Column("signature", "UTINYINT[]", "grey thumbnails in time order"),
    ),
)
