"""Evaluation of a data drift: distances and p-values compared with the thresholds.

An alarm needs both an effect and its significance. Corrections for several tests belong here;
measuring (`metadata_drift`, `embedding_drift`) and wording (`sentences`) do not.
"""

from __future__ import annotations

from collections.abc import Sequence

from insight_dagster.analysis.drift.data.embedding_drift import EmbeddingDrift
from insight_dagster.analysis.drift.data.metadata_drift import FieldDrift
from insight_dagster.analysis.drift.data.sentences import (
    embedding_sentence,
    field_sentence,
    untested_fields,
)
from insight_dagster.analysis.drift.evaluation import (
    Evaluation,
    Level,
    effect_level,
    highest_level,
)
from insight_dagster.analysis.numerics.multiple_testing import holm
from insight_dagster.settings.thresholds import Thresholds


def evaluate_data(
    fields: Sequence[FieldDrift],
    embedding: EmbeddingDrift | None,
    thresholds: Thresholds,
    *,
    tests: int,
) -> Evaluation:
    """Evaluate whether a class's new clips differ from its baseline in metadata or embedding.

    Metadata (by the smallest adjusted p-value) and embedding are two tests: Holm-corrected within
    the class, Bonferroni-corrected over all classes of the run. The level is at least `NOT_TESTED`
    if one of the two could not be tested.

    Args:
        fields: drift of each metadata field of the class.
        embedding: drift of the class's embeddings; None to evaluate the metadata alone.
        thresholds: effects and significance level.
        tests: classes checked in one night.
    """
    tested = [each for each in fields if each.tested]
    clouds = [embedding] if embedding is not None and embedding.tested else []
    p_values = [min(each.adjusted_p for each in tested)] if tested else []
    p_values += [each.p_value for each in clouds]
    alpha = thresholds.data_alpha / max(1, tests)
    rejected = holm(p_values) <= alpha
    found = []
    if tested and rejected[0]:
        found += _field_causes(tested, thresholds, alpha if rejected.all() else alpha / 2)
    if clouds and rejected[-1]:
        found += _embedding_causes(clouds[0], thresholds)
    levels = [Level.OK] * len(p_values) + [level for level, _ in found]
    levels += [Level.NOT_TESTED] * (not tested)
    missing = untested_fields(fields)
    if embedding is not None and not embedding.tested:
        levels.append(Level.NOT_TESTED)
        missing.append(f"embedding: {embedding.reason}")
    return Evaluation(highest_level(levels), tuple(cause for _, cause in found), tuple(missing))


def _field_causes(
    fields: Sequence[FieldDrift], thresholds: Thresholds, alpha: float
) -> list[tuple[Level, str]]:
    """Return level and sentence of the fields that drifted, largest distance first."""
    warn, error = thresholds.field_shift_warn, thresholds.field_shift_error
    drifted = [each for each in fields if each.adjusted_p <= alpha]
    levels = [(effect_level(each.distance, warn, error), each) for each in drifted]
    levels.sort(key=lambda pair: -pair[1].distance)
    return [(level, field_sentence(each)) for level, each in levels if level != Level.OK]


def _embedding_causes(embedding: EmbeddingDrift, thresholds: Thresholds) -> list[tuple[Level, str]]:
    warn, error = thresholds.embedding_auc_warn, thresholds.embedding_auc_error
    level = effect_level(embedding.auc, warn, error)
    return [] if level == Level.OK else [(level, embedding_sentence(embedding))]
