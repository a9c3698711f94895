"""Every table of the DuckDB file: column names, types, units and meaning, defined here alone.

Table and column definitions belong here; connections, queries and writes do not (`database.py`).
"""

from __future__ import annotations

from insight_dagster.columns import Column, Table, measure, real, text, whole

SCHEMA_VERSION = 1


_CLIP_ID = text("clip_id", "identity of the clip: content hash, window, class, split")
_CLASS = text("class_name", "action class the clip is labelled with (the partition)")
_CONTENT = text("content_key", "hash of the file's bytes and the time window")
_MODEL = Column(
    "model_fingerprint", "VARCHAR", "architecture + weights hash + preprocessing version"
)
_SPACE = text("space_id", "latent space that the row was computed in")
_INSIGHT_ID = text("insight_id", "identity of the insight")

CLIP_MANIFEST = Table(
    "clip_manifest",
    "Which clips exist, where, their split, what the container says, what is wrong with them.",
    ("clip_id",),
    (
        _CLIP_ID,
        _CLASS,
        text("path", "file, relative to the clip library"),
        text("split", "train, val or test ('' where the library names none)"),
        _CONTENT,
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
        _CLIP_ID,
        _CLASS,
        _CONTENT,
        _MODEL,
        Column("embedding", "FLOAT[{dimension}]", "pooled activations, taps in the model's order"),
    ),
)

PREDICTIONS = Table(
    "predictions",
    "What the model says of a clip.",
    ("clip_id",),
    (
        _CLIP_ID,
        _CLASS,
        _CONTENT,
        _MODEL,
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
        _CLIP_ID,
        _CLASS,
        _CONTENT,
        text("metadata_version", "version of the definitions and of the sampling"),
        *METADATA_FIELDS,
        Column("signature", "UTINYINT[]", "grey thumbnails in time order"),
    ),
)

LATENT_SPACES = Table(
    "latent_spaces",
    "The fitted coordinate systems: scaler, PCA, 2-D layout, cluster model.",
    ("space_id",),
    (
        _SPACE,
        _MODEL,
        text("fit_key", "hash of the clips, the model and the settings of the fit"),
        Column("created_at", "TIMESTAMP", "when it was fitted (UTC)"),
        whole("clips", "clips it was fitted on"),
        Column("classes", "VARCHAR[]", "classes it was fitted on"),
        whole("components", "principal components kept"),
        real("explained_variance", "share of variance they explain", "0-1"),
        real("trustworthiness", "of the 2-D layout, 15 neighbours", "0-1", True),
        whole("clusters", "clusters found"),
        real("noise_share", "share of clips in no cluster", "0-1"),
        text("path", "fitted arrays, relative to the home folder"),
    ),
    partition_column="space_id",
)

PROJECTION = Table(
    "projection",
    "A clip's 2-D coordinates in the latent space.",
    ("clip_id",),
    (
        _CLIP_ID,
        _CLASS,
        _SPACE,
        real("x", "t-SNE, horizontal"),
        real("y", "t-SNE, vertical"),
        real("pca_x", "first principal component"),
        real("pca_y", "second principal component"),
        Column("fitted", "BOOLEAN", "true: part of the fit; false: transformed into it"),
    ),
)

CLUSTERS = Table(
    "clusters",
    "Dense groups in the latent space, with soft membership.",
    ("clip_id",),
    (
        _CLIP_ID,
        _CLASS,
        _SPACE,
        whole("cluster", "cluster number, -1 = none"),
        real("strength", "membership strength", "0-1"),
    ),
)

INSIGHTS = Table(
    "insights",
    "Groups of clips with a kind, evidence, causes and an action.",
    ("insight_id",),
    (
        _INSIGHT_ID,
        text("kind", "low_performance, over_represented, class_confusion, ..."),
        _CLASS,
        text("population", "named set of clips that it was found in"),
        text("other_class", "the second class of a confusion", nullable=True),
        whole("size", "clips in the group"),
        real("severity", "effect x size x certainty, for ranking", "0-1"),
        text("effect_name", "what the effect measures"),
        real("effect", "effect"),
        real("ci_low", "lower end of the effect's 95 % interval"),
        real("ci_high", "upper end of the effect's 95 % interval"),
        real("p_value", "p-value under the kind's null model", "0-1"),
        real("q_value", "Benjamini-Hochberg q over the candidates of the run", "0-1"),
        real("accuracy", "accuracy inside the group", "0-1", True),
        real("mean_loss", "mean loss inside the group", "nat", True),
        text("sentence", "the insight in plain words"),
        text("action", "what to do about it"),
        _MODEL,
        _SPACE,
    ),
)

INSIGHT_MEMBERS = Table(
    "insight_members",
    "The clips of an insight.",
    ("insight_id", "clip_id"),
    (
        _INSIGHT_ID,
        _CLASS,
        text("clip_id", "a clip of the insight (of any class)"),
        real("weight", "membership", "0-1"),
        text("partner_clip_id", "the clip that it repeats", nullable=True),
        text("suggested_class", "the label it should have", nullable=True),
    ),
)

INSIGHT_CAUSES = Table(
    "insight_causes",
    "Metadata fields that set an insight's clips apart.",
    ("insight_id", "rank"),
    (
        _INSIGHT_ID,
        _CLASS,
        whole("rank", "1 = strongest"),
        text("field", "column of metadata_table"),
        text("direction", "higher or lower inside the group"),
        real("effect", "standardised mean difference, inside minus outside"),
        real("ci_low", "lower end of its 95 % bootstrap interval"),
        real("ci_high", "upper end of its 95 % bootstrap interval"),
        real("auc", "chance that a clip inside has the larger value", "0-1"),
        real("p_value", "two-sided permutation p", "0-1"),
        real("q_value", "Benjamini-Hochberg q over fields x insights of the run", "0-1"),
        real("value_inside", "median inside"),
        real("value_outside", "median outside"),
    ),
)

HEATMAP_BUNDLES = Table(
    "heatmap_bundles",
    "Where the model looked: attribution volume and 4x4 frame grid of a clip.",
    ("clip_id", "target", "method"),
    (
        _CLIP_ID,
        _CLASS,
        _CONTENT,
        _MODEL,
        text("target", "label whose logit is explained"),
        text("method", "attribution method"),
        text("path", "4x4 grid (PNG), relative to the home folder"),
        text(
            "volume_path",
            "attribution volume (npz: T x H x W float16), relative to the home folder",
        ),
        Column("insight_ids", "VARCHAR[]", "insights that the clip was picked for"),
    ),
)

TABLES = (
    CLIP_MANIFEST,
    EMBEDDINGS,
    PREDICTIONS,
    METADATA_TABLE,
    LATENT_SPACES,
    PROJECTION,
    CLUSTERS,
    INSIGHTS,
    INSIGHT_MEMBERS,
    INSIGHT_CAUSES,
    HEATMAP_BUNDLES,
)
