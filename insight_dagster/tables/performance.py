"""Tables of the model's performance, the promoted baselines, and the drift between the two."""

from __future__ import annotations

from insight_dagster.tables.columns import Column, Table, real, text, whole
from insight_dagster.tables.identity import CLASS, CLIP_ID, CONTENT, MODEL, SEQUENCE
from insight_dagster.tables.metadata import METADATA_FIELDS
from insight_dagster.tables.status import DriftPart, Split

_BASELINE_ID = text("baseline_id", "identity of the baseline: when it was promoted")
_SPLIT = text("split", f"{Split.listed()} ('' = all clips of the class)")
_ACCURACY = (
    real("accuracy", "share of clips that the model predicts correctly", "0-1", True),
    real("ci_low", "lower end of the accuracy's 95 % Wilson interval", "0-1"),
    real("ci_high", "upper end of the accuracy's 95 % Wilson interval", "0-1"),
    real("mean_loss", "mean cross entropy", "nat", True),
    real("calibration_error", "expected calibration error, 15 bins", "0-1", True),
)

PERFORMANCE = Table(
    "performance",
    "Performance of the model on each class, per split and overall.",
    ("class_name", "split"),
    (CLASS, _SPLIT, whole("clips", "clips whose label the model knows"), *_ACCURACY, MODEL),
)

DRIFT = Table(
    "drift",
    "Changes of a class since the baseline: performance by cause, metadata, embedding.",
    ("class_name", "part", "metric"),
    (
        text("class_name", "action class ('' = all classes together)"),
        _BASELINE_ID,
        text("part", DriftPart.listed()),
        text("metric", "accuracy, loss, calibration, a metadata field, ..."),
        whole("clips_then", "number of compared clips in the baseline"),
        whole("clips_now", "number of compared clips in the current data"),
        real("value_then", "value of the baseline's clips; metadata: median", nullable=True),
        real("value_now", "value of the current clips; metadata: median", nullable=True),
        real(
            "effect",
            "performance: how much worse; metadata: Wasserstein distance in standard deviations "
            "of the baseline; embedding: AUC of telling new clips from old ones",
            nullable=True,
        ),
        real("ci_low", "lower end of the effect's 95 % interval", nullable=True),
        real("ci_high", "upper end of the effect's 95 % interval", nullable=True),
        real("p_value", "p-value under the part's null model", "0-1", True),
        real("adjusted_p", "p-value adjusted for the other fields (metadata)", "0-1", True),
        real("psi", "population stability index (metadata)", nullable=True),
        text("direction", "higher or lower than in the baseline (metadata)", nullable=True),
        Column("judged", "BOOLEAN", "true: tested; false: too little data for a test"),
        text("reason", "why it was not tested, or a remark on the test", nullable=True),
    ),
)

BASELINES = Table(
    "baselines",
    "Promoted states; drift is measured against the one with the largest sequence.",
    ("baseline_id",),
    (
        _BASELINE_ID,
        SEQUENCE,
        Column("created_at", "TIMESTAMP", "when it was promoted (UTC)"),
        text("author", "who promoted it"),
        text("reason", "why it was promoted"),
        Column("accepted", "VARCHAR[]", "failing checks that the author accepted"),
        MODEL,
        text("metadata_version", "version of the metadata definitions"),
        Column("classes", "VARCHAR[]", "classes in the baseline"),
        whole("clips", "number of clips in the baseline"),
        *_ACCURACY,
    ),
    partition_column="baseline_id",
    irreplaceable=True,
)

BASELINE_CLIPS = Table(
    "baseline_clips",
    "The clips of the last baselines, as they were when promoted.",
    ("baseline_id", "clip_id"),
    (
        _BASELINE_ID,
        CLIP_ID,
        CLASS,
        text("split", f"{Split.listed()} ('' where the library names none)"),
        CONTENT,
        Column("correct", "BOOLEAN", "prediction was right; null: not a model label", "", True),
        real("loss", "cross entropy of the true label", "nat", True),
        real("confidence", "largest predicted probability", "0-1"),
        *METADATA_FIELDS,
    ),
    partition_column="baseline_id",
    irreplaceable=True,
)
