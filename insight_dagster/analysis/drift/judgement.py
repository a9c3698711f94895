"""When drift is alarming: thresholds on effects and levels of significance, and the verdict.

Both an effect and its significance must pass. Thresholds and corrections belong here; measuring
drift and wording (`sentences`) do not. How the defaults were chosen: `docs/explanation/drift.md`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from insight_dagster.analysis.drift.data.embedding_drift import EmbeddingDrift
from insight_dagster.analysis.drift.data.metadata_drift import FieldDrift
from insight_dagster.analysis.drift.performance.change import (
    ACCURACY,
    CALIBRATION,
    LOSS,
    MODEL_CHANGE,
    POPULATION_CHANGE,
    Change,
)
from insight_dagster.analysis.drift.performance.performance_drift import PerformanceDrift
from insight_dagster.analysis.drift.performance.sentences import (
    change_sentence,
    embedding_sentence,
    field_sentence,
    missing_fields,
)
from insight_dagster.analysis.numerics.multiple_testing import holm
from insight_dagster.settings.thresholds import Thresholds


class Level(StrEnum):
    """How alarming it is, rising; `NOT_JUDGED` means that too few clips could tell."""

    OK = "ok"
    NOT_JUDGED = "not_judged"
    WARN = "warn"
    ERROR = "error"


@dataclass(frozen=True)
class Judgement:
    """The verdict on a class, or on all of them.

    Attributes:
        level: the worst of the causes.
        causes: what drifted, one plain sentence each with its numbers.
        not_judged: what could not be judged, and why.
    """

    level: Level
    causes: tuple[str, ...]
    not_judged: tuple[str, ...]


def judge_performance(drift: PerformanceDrift, thresholds: Thresholds, *, tests: int) -> Judgement:
    """Whether a class, or all clips together, got worse, and by which part.

    The metrics of a part are corrected by Holm; those of the population also for the night's
    checks (Bonferroni). A part that has clips, but too few, is `NOT_JUDGED`, and so is a drift of
    which no part could be judged; a part without any clip is only named.

    Args:
        drift: of the clips in question.
        thresholds: effects and levels.
        tests: checks of the night: one a class, one more for all clips together.
    """
    levels, causes = [], []
    missing = [f"without old clips: {', '.join(drift.left_out)}"] if drift.left_out else []
    for part, alpha in (
        (MODEL_CHANGE, thresholds.model_alpha),
        (POPULATION_CHANGE, thresholds.population_alpha / max(1, tests)),
    ):
        changes = [each for each in drift.changes if each.part == part]
        judged = [each for each in changes if _enough(each, thresholds.drift_min_clips)]
        if not judged:
            missing.append(
                f"{part.replace('_', ' ')}: {_why_not(changes, thresholds.drift_min_clips)}"
            )
            levels += [Level.NOT_JUDGED] * any(each.clips_now for each in changes)
            continue
        levels.append(Level.OK)
        for change, p_value in zip(judged, holm([c.p_value for c in judged]), strict=True):
            level = _level(change.effect, _effect_thresholds(change.metric, thresholds))
            if p_value <= alpha and level != Level.OK:
                levels.append(level)
                causes.append(change_sentence(change))
    return Judgement(_worst(levels), tuple(causes), tuple(missing))


def judge_data(
    fields: Sequence[FieldDrift],
    embedding: EmbeddingDrift | None,
    thresholds: Thresholds,
    *,
    tests: int,
) -> Judgement:
    """Whether a class's new clips differ from its baseline in metadata or embedding.

    Metadata (by the smallest adjusted p) and embedding are two questions, corrected by Holm, and
    for the night's classes (Bonferroni). Where one of them could not be judged, the level is at
    least `NOT_JUDGED`.

    Args:
        fields: of the class.
        embedding: of the class; None: it is not asked about.
        thresholds: effects and level.
        tests: classes of the night.
    """
    judged = [each for each in fields if each.judged]
    clouds = [embedding] if embedding is not None and embedding.judged else []
    questions = [min(each.adjusted_p for each in judged)] if judged else []
    questions += [each.p_value for each in clouds]
    alpha = thresholds.data_alpha / max(1, tests)
    rejected = holm(questions) <= alpha
    found = []
    if judged and rejected[0]:
        found += _field_causes(judged, thresholds, alpha if rejected.all() else alpha / 2)
    if clouds and rejected[-1]:
        found += _embedding_causes(clouds[0], thresholds)
    levels = [Level.OK] * len(questions) + [level for level, _ in found]
    levels += [Level.NOT_JUDGED] * (not judged)
    missing = missing_fields(fields)
    if embedding is not None and not embedding.judged:
        levels.append(Level.NOT_JUDGED)
        missing.append(f"embedding: {embedding.reason}")
    return Judgement(_worst(levels), tuple(cause for _, cause in found), tuple(missing))


def _field_causes(
    fields: Sequence[FieldDrift], thresholds: Thresholds, alpha: float
) -> list[tuple[Level, str]]:
    """Fields that drifted, the furthest first."""
    limits = (thresholds.field_shift_warn, thresholds.field_shift_error)
    drifted = [each for each in fields if each.adjusted_p <= alpha]
    levels = [(_level(each.distance, limits), each) for each in drifted]
    levels.sort(key=lambda pair: -pair[1].distance)
    return [(level, field_sentence(each)) for level, each in levels if level != Level.OK]


def _embedding_causes(embedding: EmbeddingDrift, thresholds: Thresholds) -> list[tuple[Level, str]]:
    limits = (thresholds.embedding_auc_warn, thresholds.embedding_auc_error)
    level = _level(embedding.auc, limits)
    return [] if level == Level.OK else [(level, embedding_sentence(embedding))]


def _effect_thresholds(metric: str, thresholds: Thresholds) -> tuple[float, float]:
    """Return the smallest effects on a metric that are a WARN and an ERROR."""
    return {
        ACCURACY: (thresholds.accuracy_drop_warn, thresholds.accuracy_drop_error),
        LOSS: (thresholds.loss_rise_warn, thresholds.loss_rise_error),
        CALIBRATION: (thresholds.calibration_rise_warn, thresholds.calibration_rise_error),
    }[metric]


def _enough(change: Change, min_clips: int) -> bool:
    return change.judged and min(change.clips_then, change.clips_now) >= min_clips


def _why_not(changes: Sequence[Change], min_clips: int) -> str:
    """The reason given, or that these thresholds ask for more clips than the drift did."""
    if not changes[0].judged:
        return changes[0].reason
    fewest = min(changes[0].clips_then, changes[0].clips_now)
    return f"{fewest} of the {min_clips} clips needed"


def _level(effect: float, limits: tuple[float, float | None]) -> Level:
    warn, error = limits
    if error is not None and effect >= error:
        return Level.ERROR
    return Level.WARN if effect >= warn else Level.OK


def _worst(levels: Sequence[Level]) -> Level:
    """The most alarming level; `NOT_JUDGED` where nothing was judged."""
    return max(levels, key=list(Level).index, default=Level.NOT_JUDGED)
