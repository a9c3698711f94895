"""Every table of the DuckDB file: column names, types, units and meaning, defined here alone.

Table and column definitions belong here; connections, queries and writes do not (`database.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Column:
    """One column: its DuckDB type, meaning and unit ('' for text, counts and pure numbers)."""

    name: str
    sql_type: str
    description: str
    unit: str = ""
    nullable: bool = False

    @property
    def comment(self) -> str:
        """The description with its unit, as stored in the database."""
        return f"{self.description} [{self.unit}]" if self.unit else self.description


@dataclass(frozen=True)
class Table:
    """One table: its columns, its primary key, and the column that holds the partition."""

    name: str
    description: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    partition_column: str | None = "class_name"

    @property
    def column_names(self) -> tuple[str, ...]:
        """Column names in storage order."""
        return tuple(column.name for column in self.columns)


_CLIP_ID = Column("clip_id", "VARCHAR", "identity of the clip: content hash, window, class, split")
_CLASS = Column("class_name", "VARCHAR", "action class the clip is labelled with (the partition)")
_CONTENT = Column("content_key", "VARCHAR", "hash of the file's bytes and the time window")
_MODEL = Column(
    "model_fingerprint", "VARCHAR", "architecture + weights hash + preprocessing version"
)
_SPACE = Column("space_id", "VARCHAR", "latent space that the row was computed in")
_INSIGHT_ID = Column("insight_id", "VARCHAR", "identity of the insight")

CLIP_MANIFEST = Table(
    "clip_manifest",
    "Which clips exist, where, their split, what the container says, what is wrong with them.",
    ("clip_id",),
    (
        _CLIP_ID,
        _CLASS,
        Column("path", "VARCHAR", "file, relative to the clip library"),
        Column("split", "VARCHAR", "train, val or test ('' where the library names none)"),
        _CONTENT,
        Column("window_start", "DOUBLE", "start of the labelled segment in the file", "s"),
        Column(
            "window_end", "DOUBLE", "end of the labelled segment; null = end of file", "s", True
        ),
        Column("size_bytes", "BIGINT", "file size", "B", True),
        Column("modified_ns", "BIGINT", "modification time of the file", "ns", True),
        Column("container", "VARCHAR", "container format", nullable=True),
        Column("codec", "VARCHAR", "video codec", nullable=True),
        Column("width", "INTEGER", "coded width before rotation", "px", True),
        Column("height", "INTEGER", "coded height before rotation", "px", True),
        Column("rotation", "INTEGER", "clockwise rotation for display", "deg", True),
        Column("fps", "DOUBLE", "average frame rate", "1/s", True),
        Column("frames", "INTEGER", "video frames in the file", nullable=True),
        Column("duration_seconds", "DOUBLE", "duration of the video stream", "s", True),
        Column("has_audio", "BOOLEAN", "whether the file has an audio stream", nullable=True),
        Column(
            "decoder", "VARCHAR", "decoder chosen from the container: decord or pyav", nullable=True
        ),
        Column("decoder_reason", "VARCHAR", "why that decoder", nullable=True),
        Column("status", "VARCHAR", "ok or quarantined"),
        Column("problem", "VARCHAR", "why the clip is quarantined", nullable=True),
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
        Column("predicted", "VARCHAR", "label with the largest logit"),
        Column("top5", "VARCHAR[]", "labels of the five largest logits"),
        Column("top5_probabilities", "FLOAT[]", "their probabilities"),
        Column(
            "probability",
            "DOUBLE",
            "probability of the clip's own class; null: not a model label",
            nullable=True,
        ),
        Column("loss", "DOUBLE", "cross entropy of the clip's own class", "nat", True),
        Column("margin", "DOUBLE", "own-class logit minus the largest other logit", nullable=True),
        Column("entropy", "DOUBLE", "entropy of the predicted distribution", "nat"),
        Column(
            "correct", "BOOLEAN", "predicted = class_name; null: not a model label", nullable=True
        ),
    ),
)


def _number(name: str, description: str, unit: str = "") -> Column:
    return Column(name, "DOUBLE", description, unit, True)


METADATA_FIELDS = (
    _number("ssim_mean", "mean structural similarity of consecutive sampled frames"),
    _number("ssim_std", "standard deviation of that similarity"),
    _number("ssim_min", "smallest of that similarity"),
    _number("ssim_max", "largest of that similarity"),
    _number(
        "frame_difference_mean",
        "mean absolute grey-level difference of consecutive frames",
        "grey levels",
    ),
    _number(
        "frame_difference_std",
        "standard deviation over frame pairs of that difference",
        "grey levels",
    ),
    _number("foreground_ratio", "share of pixels that move against the camera", "0-1"),
    _number(
        "foreground_ratio_uncompensated", "the same with camera motion counted as foreground", "0-1"
    ),
    _number("sharpness", "variance of the Laplacian, mean over frames", "grey levels^2"),
    _number(
        "total_variation", "anisotropic total variation per pixel, mean over frames", "grey levels"
    ),
    _number("edge_density", "share of Canny edge pixels, mean over frames", "0-1"),
    _number("mean_red", "mean red", "0-255"),
    _number("mean_green", "mean green", "0-255"),
    _number("mean_blue", "mean blue", "0-255"),
    _number("brightness", "mean luma", "0-255"),
    _number(
        "contrast", "standard deviation of luma inside a frame, mean over frames", "grey levels"
    ),
    _number("saturation", "mean HSV saturation", "0-1"),
    _number(
        "flow_magnitude_mean", "mean optical-flow length", "share of the diagonal per frame pair"
    ),
    _number(
        "flow_magnitude_std",
        "standard deviation over pixels and pairs of that length",
        "share of the diagonal per frame pair",
    ),
    _number(
        "flow_magnitude_max",
        "99th percentile over pixels, largest over pairs",
        "share of the diagonal per frame pair",
    ),
    _number(
        "camera_motion",
        "mean length of the estimated camera translation",
        "share of the diagonal per frame pair",
    ),
    _number("motion_centre_x", "flow-weighted horizontal centre, 0 left, 1 right", "0-1"),
    _number("motion_centre_y", "flow-weighted vertical centre, 0 top, 1 bottom", "0-1"),
    _number("motion_entropy", "entropy of the motion-direction histogram, 1 = uniform", "0-1"),
    _number(
        "periodicity",
        "largest autocorrelation of the motion signal at a lag of 2 pairs or more",
        "0-1",
    ),
)

METADATA_TABLE = Table(
    "metadata_table",
    "Measured properties of a clip, from the same frames that the model sees.",
    ("clip_id",),
    (
        _CLIP_ID,
        _CLASS,
        _CONTENT,
        Column("metadata_version", "VARCHAR", "version of the definitions and of the sampling"),
        *METADATA_FIELDS,
        Column(
            "signature", "UTINYINT[]", "grey thumbnails in time order, for near-duplicate search"
        ),
    ),
)

LATENT_SPACES = Table(
    "latent_spaces",
    "The fitted coordinate systems: scaler, PCA, 2-D layout, cluster model.",
    ("space_id",),
    (
        _SPACE,
        _MODEL,
        Column("fit_key", "VARCHAR", "hash of the clips, the model and the settings of the fit"),
        Column("created_at", "TIMESTAMP", "when it was fitted (UTC)"),
        Column("clips", "INTEGER", "clips it was fitted on"),
        Column("classes", "VARCHAR[]", "classes it was fitted on"),
        Column("components", "INTEGER", "principal components kept"),
        Column("explained_variance", "DOUBLE", "share of variance they explain", "0-1"),
        Column("trustworthiness", "DOUBLE", "of the 2-D layout, 15 neighbours", "0-1", True),
        Column("clusters", "INTEGER", "clusters found"),
        Column("noise_share", "DOUBLE", "share of clips in no cluster", "0-1"),
        Column("path", "VARCHAR", "fitted arrays, relative to the home folder"),
    ),
    partition_column=None,
)

PROJECTION = Table(
    "projection",
    "A clip's 2-D coordinates in the latent space.",
    ("clip_id",),
    (
        _CLIP_ID,
        _CLASS,
        _SPACE,
        Column("x", "DOUBLE", "t-SNE, horizontal"),
        Column("y", "DOUBLE", "t-SNE, vertical"),
        Column("pca_x", "DOUBLE", "first principal component"),
        Column("pca_y", "DOUBLE", "second principal component"),
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
        Column("cluster", "INTEGER", "cluster number, -1 = none"),
        Column("strength", "DOUBLE", "membership strength", "0-1"),
    ),
)

INSIGHTS = Table(
    "insights",
    "Groups of clips with a kind, evidence, causes and an action.",
    ("insight_id",),
    (
        _INSIGHT_ID,
        Column("kind", "VARCHAR", "low_performance, over_represented, class_confusion, ..."),
        _CLASS,
        Column("population", "VARCHAR", "named set of clips that it was found in"),
        Column("other_class", "VARCHAR", "the second class of a confusion", nullable=True),
        Column("size", "INTEGER", "clips in the group"),
        Column("severity", "DOUBLE", "effect x size x certainty, for ranking", "0-1"),
        Column("effect_name", "VARCHAR", "what the effect measures"),
        Column("effect", "DOUBLE", "effect"),
        Column("ci_low", "DOUBLE", "lower end of the effect's 95 % interval"),
        Column("ci_high", "DOUBLE", "upper end of the effect's 95 % interval"),
        Column("p_value", "DOUBLE", "p-value under the kind's null model", "0-1"),
        Column("q_value", "DOUBLE", "Benjamini-Hochberg q over the candidates of the run", "0-1"),
        Column("accuracy", "DOUBLE", "accuracy inside the group", "0-1", True),
        Column("mean_loss", "DOUBLE", "mean loss inside the group", "nat", True),
        Column("sentence", "VARCHAR", "the insight in plain words"),
        Column("action", "VARCHAR", "what to do about it"),
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
        Column("clip_id", "VARCHAR", "a clip of the insight (of any class)"),
        Column("weight", "DOUBLE", "membership", "0-1"),
        Column("partner_clip_id", "VARCHAR", "the clip that it repeats", nullable=True),
        Column("suggested_class", "VARCHAR", "the label it should have", nullable=True),
    ),
)

INSIGHT_CAUSES = Table(
    "insight_causes",
    "Metadata fields that set an insight's clips apart.",
    ("insight_id", "rank"),
    (
        _INSIGHT_ID,
        _CLASS,
        Column("rank", "INTEGER", "1 = strongest"),
        Column("field", "VARCHAR", "column of metadata_table"),
        Column("direction", "VARCHAR", "higher or lower inside the group"),
        Column("effect", "DOUBLE", "standardised mean difference, inside minus outside"),
        Column("ci_low", "DOUBLE", "lower end of its 95 % bootstrap interval"),
        Column("ci_high", "DOUBLE", "upper end of its 95 % bootstrap interval"),
        Column("auc", "DOUBLE", "chance that a clip inside has the larger value", "0-1"),
        Column("p_value", "DOUBLE", "two-sided permutation p", "0-1"),
        Column(
            "q_value", "DOUBLE", "Benjamini-Hochberg q over fields x insights of the run", "0-1"
        ),
        Column("value_inside", "DOUBLE", "median inside"),
        Column("value_outside", "DOUBLE", "median outside"),
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
        Column("target", "VARCHAR", "label whose logit is explained"),
        Column("method", "VARCHAR", "attribution method"),
        Column("path", "VARCHAR", "4x4 grid (PNG), relative to the home folder"),
        Column(
            "volume_path",
            "VARCHAR",
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
