"""Tables of how well the model does, the baselines that this is held against, and drift."""

from __future__ import annotations

from insight_dagster.tables.columns import Column, Table, real, text, whole
from insight_dagster.tables.identity import CLASS, CLIP_ID, CONTENT, MODEL
from insight_dagster.tables.metadata import METADATA_FIELDS
from insight_dagster.tables.status import DriftPart, Split

_BASELINE_ID = text("baseline_id", "identity of the baseline: when it was promoted")
_SPLIT = text("split", f"{Split.listed()} ('' = all clips of the class)")
_ACCURACY = (
    real("accuracy", "share of clips that the model gets right", "0-1", True),
    real("ci_low", "lower end of its 95 % Wilson interval", "0-1"),
    real("ci_high", "upper end of its 95 % Wilson interval", "0-1"),
    real("mean_loss", "mean cross entropy", "nat", True),
    real("calibration_error", "expected calibration error, 15 bins", "0-1", True),
)

PERFORMANCE = Table(
    "performance",
    "How well the model does on a class, per split and overall.",
    ("class_name", "split"),
    (CLASS, _SPLIT, whole("clips", "clips whose label the model knows"), *_ACCURACY, MODEL),
)

DRIFT = Table(
    "drift",
    "What changed in a class since the baseline: performance by cause, metadata, embedding.",
    ("class_name", "part", "metric"),
    (
        text("class_name", "action class ('' = all classes together)"),
        _BASELINE_ID,
        text("part", DriftPart.listed()),
        text("metric", "accuracy, loss, calibration, a metadata field, ..."),
        whole("clips_then", "clips of the baseline that were compared"),
        whole("clips_now", "present clips that were compared"),
        real("value_then", "value of the baseline's clips; metadata: median", nullable=True),
        real("value_now", "value of the present clips; metadata: median", nullable=True),
        real(
            "effect",
            "performance: how much worse; metadata: Wasserstein distance in deviations of the "
            "baseline; embedding: how well new clips can be told from old ones (AUC)",
            nullable=True,
        ),
        real("ci_low", "lower end of its 95 % interval", nullable=True),
        real("ci_high", "upper end of its 95 % interval", nullable=True),
        real("p_value", "under the part's null model", "0-1", True),
        real("adjusted_p", "corrected for the other fields (metadata)", "0-1", True),
        real("psi", "population stability index (metadata)", nullable=True),
        text("direction", "higher or lower now (metadata)", nullable=True),
        Column("judged", "BOOLEAN", "false: there was too little to compare"),
        text("reason", "why it could not be judged, or what to know of it", nullable=True),
    ),
)

BASELINES = Table(
    "baselines",
    "Promoted performance figures; the newest one is what drift is measured against.",
    ("baseline_id",),
    (
        _BASELINE_ID,
        Column("created_at", "TIMESTAMP", "when it was promoted (UTC)"),
        text("author", "who promoted it"),
        text("reason", "why"),
        Column("accepted", "VARCHAR[]", "failing checks that the author accepted"),
        MODEL,
        text("metadata_version", "version of the metadata's definitions"),
        Column("classes", "VARCHAR[]", "classes in it"),
        whole("clips", "clips in it"),
        *_ACCURACY,
    ),
    partition_column="baseline_id",
)

BASELINE_CLIPS = Table(
    "baseline_clips",
    "The clips of the last baselines, as they were then.",
    ("baseline_id", "clip_id"),
    (
        _BASELINE_ID,
        CLIP_ID,
        CLASS,
        text("split", f"{Split.listed()} ('' where the library names none)"),
        CONTENT,
        Column("correct", "BOOLEAN", "prediction was right; null: not a model label", "", True),
        real("loss", "cross entropy of the clip's own class", "nat", True),
        real("confidence", "largest probability of the prediction", "0-1"),
        *METADATA_FIELDS,
    ),
    partition_column="baseline_id",
)
