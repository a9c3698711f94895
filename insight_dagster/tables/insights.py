"""Insights, their clips and causes, and the heatmaps that show them.

The records and their tables belong here; making them (`analysis.insights.rows`) does not. A new
column of `insights` is one more field of `Insight`: a `computed` one needs nothing else, cards of
the report and exports show it by themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field

import numpy as np

from insight_dagster.tables.columns import Column, Table, text
from insight_dagster.tables.identity import CLASS, CLIP_ID, CONTENT, INSIGHT_ID, MODEL, SPACE
from insight_dagster.tables.records import column, computed, record, table_of


def known_mean(values: Iterable[float]) -> float | None:
    """Return the mean of the values that are not NaN, None where all are."""
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else None


@record
class InsightMember:
    """A clip of an insight.

    Its attributes are the columns of the table `insight_members`, and facts to compute columns of
    `insights` from:

    Attributes:
        split: split of the clip, '' where unknown (not stored).
        correct: 1 right, 0 wrong, NaN where the model lacks the label (not stored).
        loss: in nat, NaN where the model lacks the label (not stored).
    """

    insight_id: str = column(INSIGHT_ID.description)
    class_name: str = column(CLASS.description)
    clip_id: str = column("a clip of the insight (of any class)")
    weight: float = column("membership", "0-1")
    partner_clip_id: str | None = column("the clip that it repeats")
    suggested_class: str | None = column("the label that it should have")
    split: str = ""
    correct: float = float("nan")
    loss: float = float("nan")


@record
class Cause:
    """A metadata field or rule that sets an insight's clips apart from the others.

    Its attributes are the columns of the table `insight_causes`.
    """

    insight_id: str = column(INSIGHT_ID.description)
    class_name: str = column(CLASS.description)
    rank: int = column("1 = strongest")
    field: str = column(
        "column of metadata_table, key of its `extra`, container fact, column of the metadata "
        "file, `column = value` of a text column, or a rule"
    )
    direction: str = column("higher or lower inside the group, or rule")
    effect: float = column("standardised mean difference, inside minus outside")
    ci_low: float = column("lower end of its 95 % bootstrap interval")
    ci_high: float = column("upper end of its 95 % bootstrap interval")
    auc: float = column("chance that a clip inside has the larger value", "0-1")
    p_value: float = column("two-sided permutation p", "0-1")
    q_value: float = column("Benjamini-Hochberg q over fields x insights of the run", "0-1")
    value_inside: float = column(
        "median inside (mean, where medians tie; share, of levels and rules)"
    )
    value_outside: float = column("the same of the clips that it is compared with")
    unique_share: float = column("what it adds to the stronger causes, NaN for rules", "0-1")
    relative_of: str | None = column("the stronger cause that it goes with")
    spread_low: float | None = column("lower end of the histograms")
    spread_high: float | None = column("upper end of the histograms")
    spread_inside: tuple[float, ...] | None = column("share of the group in 24 bins")
    spread_outside: tuple[float, ...] | None = column("share of the compared clips in 24 bins")

    @property
    def leads(self) -> bool:
        """Whether it goes with no stronger cause."""
        return not self.relative_of

    @property
    def is_rule(self) -> bool:
        """Whether it is a conjunction of conditions rather than one field."""
        return self.direction == "rule"


@record
class Insight:
    """A group of clips with a kind, evidence, causes and an action.

    Its attributes are the columns of the table `insights`, and:

    Attributes:
        clips: members with their weights.
        causes: strongest first.
        members: (m,) int rows of the members.
        scores: (n,) float32 soft membership of every clip, in 0..1.
    """

    insight_id: str = column(INSIGHT_ID.description)
    kind: str = column("low_performance, over_represented, class_confusion, ...")
    class_name: str = column(CLASS.description)
    population: str = column("named set of clips that it was found in")
    other_class: str | None = column("the second class of a confusion")
    found_by: tuple[str, ...] = column("generators that proposed the group")
    size: int = computed("clips in the group", value=lambda insight: len(insight.clips))
    severity: float = column("effect x size x certainty, for ranking", "0-1")
    effect_name: str = column("what the effect measures")
    effect: float = column("effect")
    ci_low: float = column("lower end of the effect's 95 % interval")
    ci_high: float = column("upper end of the effect's 95 % interval")
    p_value: float = column("p-value under the kind's null model", "0-1")
    q_value: float = column("Benjamini-Hochberg q over the candidates of the run", "0-1")
    accuracy: float | None = computed(
        "accuracy inside the group",
        "0-1",
        value=lambda insight: known_mean(clip.correct for clip in insight.clips),
    )
    mean_loss: float | None = computed(
        "mean loss inside the group",
        "nat",
        value=lambda insight: known_mean(clip.loss for clip in insight.clips),
    )
    sentence: str = column("the insight in plain words")
    action: str = column("what to do about it")
    model_fingerprint: str = column(MODEL.description)
    space_id: str = column(SPACE.description)
    clips: tuple[InsightMember, ...] = field(repr=False)
    causes: tuple[Cause, ...] = field(repr=False)
    members: np.ndarray = field(repr=False, compare=False)
    scores: np.ndarray = field(repr=False, compare=False)


INSIGHTS = table_of(
    Insight,
    "insights",
    "Groups of clips with a kind, evidence, causes and an action.",
    key=("insight_id",),
)
INSIGHT_MEMBERS = table_of(
    InsightMember, "insight_members", "The clips of an insight.", key=("insight_id", "clip_id")
)
INSIGHT_CAUSES = table_of(
    Cause,
    "insight_causes",
    "Metadata fields and rules that set an insight's clips apart.",
    key=("insight_id", "rank"),
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
