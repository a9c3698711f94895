"""Evaluation of a performance drift: effects and p-values compared with the thresholds.

An alarm needs both an effect and its significance. Corrections for several tests belong here;
measuring (`performance_drift`) and wording (`sentences`) do not. How the default thresholds were
chosen: `docs/explanation/drift.md`.
"""

from __future__ import annotations

from collections.abc import Sequence

from insight_dagster.analysis.drift.evaluation import (
    Evaluation,
    Level,
    effect_level,
    highest_level,
)
from insight_dagster.analysis.drift.performance.change import (
    ACCURACY,
    CALIBRATION,
    LOSS,
    MODEL_CHANGE,
    POPULATION_CHANGE,
    Change,
)
from insight_dagster.analysis.drift.performance.performance_drift import PerformanceDrift
from insight_dagster.analysis.drift.performance.sentences import change_sentence
from insight_dagster.analysis.numerics.multiple_testing import holm
from insight_dagster.settings.thresholds import Thresholds


def evaluate_performance(
    drift: PerformanceDrift, thresholds: Thresholds, *, tests: int
) -> Evaluation:
    """Evaluate whether a class, or all clips together, got worse, and in which part.

    The metrics of a part are corrected by Holm; those of the population change also for the checks
    of the night (Bonferroni). The level is at least `NOT_TESTED` if a part has clips, but too few;
    a part without any clips is only listed.

    Args:
        drift: performance drift of the clips.
        thresholds: effects, significance levels and smallest number of clips.
        tests: checks in one night: one per class, and one for all classes together.
    """
    levels, causes = [], []
    missing = [f"without old clips: {', '.join(drift.left_out)}"] if drift.left_out else []
    for part, alpha in (
        (MODEL_CHANGE, thresholds.model_alpha),
        (POPULATION_CHANGE, thresholds.population_alpha / max(1, tests)),
    ):
        changes = [each for each in drift.changes if each.part == part]
        tested = [each for each in changes if _enough(each, thresholds.drift_min_clips)]
        if not tested:
            reason = _why_untested(changes[0], thresholds.drift_min_clips)
            missing.append(f"{part.replace('_', ' ')}: {reason}")
            levels += [Level.NOT_TESTED] * any(each.current_clips for each in changes)
            continue
        levels.append(Level.OK)
        for change, level in _significant(tested, thresholds, alpha):
            levels.append(level)
            causes.append(change_sentence(change))
    return Evaluation(highest_level(levels), tuple(causes), tuple(missing))


def _significant(
    changes: Sequence[Change], thresholds: Thresholds, alpha: float
) -> list[tuple[Change, Level]]:
    """Return the changes whose effect and corrected p-value both pass, with their levels."""
    corrected = holm([each.p_value for each in changes])
    levels = [effect_level(each.effect, *_limits(each.metric, thresholds)) for each in changes]
    return [
        (change, level)
        for change, level, p_value in zip(changes, levels, corrected, strict=True)
        if p_value <= alpha and level != Level.OK
    ]


def _limits(metric: str, thresholds: Thresholds) -> tuple[float, float]:
    """Return the smallest effects on a metric that are a WARN and an ERROR."""
    return {
        ACCURACY: (thresholds.accuracy_drop_warn, thresholds.accuracy_drop_error),
        LOSS: (thresholds.loss_rise_warn, thresholds.loss_rise_error),
        CALIBRATION: (thresholds.calibration_rise_warn, thresholds.calibration_rise_error),
    }[metric]


def _enough(change: Change, min_clips: int) -> bool:
    return change.tested and min(change.baseline_clips, change.current_clips) >= min_clips


def _why_untested(change: Change, min_clips: int) -> str:
    """Return the change's own reason, or that fewer clips were compared than required now."""
    if not change.tested:
        return change.reason
    fewest = min(change.baseline_clips, change.current_clips)
    return f"{fewest} of the {min_clips} clips needed"
