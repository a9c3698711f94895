"""Tables of insights, their clips and causes, and of the heatmaps that show them."""

from __future__ import annotations

from insight_dagster.tables.columns import Column, Table, real, text, whole
from insight_dagster.tables.identity import (
    CLASS,
    CLIP_ID,
    CONTENT,
    INSIGHT_ID,
    MODEL,
    SPACE,
)

INSIGHTS = Table(
    "insights",
    "Groups of clips with a kind, evidence, causes and an action.",
    ("insight_id",),
    (
        INSIGHT_ID,
        text("kind", "low_performance, over_represented, class_confusion, ..."),
        CLASS,
        text("population", "named set of clips that it was found in"),
        text("other_class", "the second class of a confusion", nullable=True),
        Column("found_by", "VARCHAR[]", "generators that proposed the group"),
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
        MODEL,
        SPACE,
    ),
)

INSIGHT_MEMBERS = Table(
    "insight_members",
    "The clips of an insight.",
    ("insight_id", "clip_id"),
    (
        INSIGHT_ID,
        CLASS,
        text("clip_id", "a clip of the insight (of any class)"),
        real("weight", "membership", "0-1"),
        text("partner_clip_id", "the clip that it repeats", nullable=True),
        text("suggested_class", "the label it should have", nullable=True),
    ),
)

INSIGHT_CAUSES = Table(
    "insight_causes",
    "Metadata fields and rules that set an insight's clips apart.",
    ("insight_id", "rank"),
    (
        INSIGHT_ID,
        CLASS,
        whole("rank", "1 = strongest"),
        text(
            "field",
            "column of metadata_table, key of its `extra`, container fact, column of the metadata "
            "file, `column = value` of a text column, or a rule",
        ),
        text("direction", "higher or lower inside the group, or rule"),
        real("effect", "standardised mean difference, inside minus outside"),
        real("ci_low", "lower end of its 95 % bootstrap interval"),
        real("ci_high", "upper end of its 95 % bootstrap interval"),
        real("auc", "chance that a clip inside has the larger value", "0-1"),
        real("p_value", "two-sided permutation p", "0-1"),
        real("q_value", "Benjamini-Hochberg q over fields x insights of the run", "0-1"),
        real("value_inside", "median inside (mean, where medians tie; share, of levels and rules)"),
        real("value_outside", "the same of the clips that it is compared with"),
        real("unique_share", "what it adds to the stronger causes, NaN for rules", "0-1"),
        text("relative_of", "the stronger cause that it goes with", nullable=True),
        real("spread_low", "lower end of the histograms", nullable=True),
        real("spread_high", "upper end of the histograms", nullable=True),
        Column("spread_inside", "DOUBLE[]", "share of the group in 24 bins", nullable=True),
        Column("spread_outside", "DOUBLE[]", "of those it is compared with", nullable=True),
    ),
)

HEATMAP_BUNDLES = Table(
    "heatmap_bundles",
    "Where the model looked: attribution volume and 4x4 frame grid of a clip.",
    ("clip_id", "target", "method"),
    (
        CLIP_ID,
        CLASS,
        CONTENT,
        MODEL,
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
