"""Evaluation: both effect and significance, corrections, sentences, and what is not tested."""

from dataclasses import replace

import numpy as np
import pytest

from insight_dagster.analysis.drift import (
    EmbeddingDrift,
    FieldDrift,
    Level,
    evaluate_data,
    evaluate_performance,
    performance_drift,
)
from insight_dagster.analysis.drift.performance.change import (
    MODEL_CHANGE,
    POPULATION_CHANGE,
    Change,
)
from insight_dagster.settings.thresholds import Thresholds
from tests.support.drift_clips import joined, scored, turned_wrong

THRESHOLDS = Thresholds(model_alpha=0.01, population_alpha=0.01)
DATA = Thresholds(
    field_shift_warn=0.3, field_shift_error=1.0, embedding_auc_warn=0.6, data_alpha=0.01
)
BASE = scored(np.random.default_rng(0), 60)


def _drift(part, *, effect=0.1, p=1e-9, metric="accuracy", reason=""):
    """The drift of nothing, with one change put in."""
    drift = performance_drift(BASE, joined(BASE, _fresh()), draws=19)
    quiet = [replace(each, effect=0.0, p_value=1.0) for each in drift.changes]
    loud = Change(part, metric, 96, 96, 0.84, 0.71, effect, 0.07, 0.19, p, reason=reason)
    return replace(
        drift,
        changes=tuple(loud if (e.part, e.metric) == (part, metric) else e for e in quiet),
    )


def _fresh():
    return scored(np.random.default_rng(1), 40, prefix="new")


def _field(name="brightness", *, distance=0.8, adjusted_p=1e-6):
    return FieldDrift(name, 100, 40, 118.0, 97.0, distance, 0.5, "lower", adjusted_p, adjusted_p)


@pytest.mark.parametrize(
    ("effect", "p", "level"),
    [
        (0.13, 1e-9, Level.ERROR),
        (0.03, 1e-9, Level.WARN),
        (0.01, 1e-9, Level.OK),
        (0.13, 0.02, Level.OK),
        (-0.13, 1e-9, Level.OK),
    ],
)
def test_effect_and_significance_must_both_pass(effect, p, level):
    found = evaluate_performance(_drift(MODEL_CHANGE, effect=effect, p=p), THRESHOLDS, tests=6)
    assert found.level == level
    assert bool(found.causes) == (level != Level.OK)


def test_a_model_change_in_plain_words():
    found = evaluate_performance(_drift(MODEL_CHANGE, effect=0.13, p=4e-4), THRESHOLDS, tests=6)
    assert found.causes == (
        "model change: accuracy .84 -> .71 on the same 96 clips (drop .13 [.07, .19], p = .0004)",
    )
    assert found.not_tested == ()


def test_a_population_change_in_plain_words():
    drift = _drift(POPULATION_CHANGE, effect=0.13, reason="no clip is shared")
    assert evaluate_performance(drift, THRESHOLDS, tests=6).causes == (
        "population change: accuracy .84 on 96 old clips, .71 on 96 new ones "
        "(drop .13 [.07, .19], p < .0001); no clip is shared",
    )


def test_population_tests_pay_for_the_classes_and_paired_tests_do_not():
    for part, levels in ((POPULATION_CHANGE, ("error", "ok")), (MODEL_CHANGE, ("error", "error"))):
        drift = _drift(part, p=0.001)
        found = [evaluate_performance(drift, THRESHOLDS, tests=tests).level for tests in (3, 100)]
        assert tuple(found) == levels


def test_metrics_of_a_part_are_corrected_by_holm():
    drift = _drift(MODEL_CHANGE, p=0.004)
    assert evaluate_performance(drift, THRESHOLDS, tests=1).level == Level.OK
    both = tuple(
        replace(each, effect=0.5, p_value=0.0001) if each.metric == "loss" else each
        for each in drift.changes
    )
    found = evaluate_performance(replace(drift, changes=both), THRESHOLDS, tests=1)
    assert [cause.split(" .")[0] for cause in found.causes[:2]] == [
        "model change: accuracy",
        "model change: mean loss",
    ]


def test_worse_clips_are_reported_end_to_end_and_attributed():
    worse = joined(turned_wrong(BASE, 12), _fresh())
    found = evaluate_performance(performance_drift(BASE, worse, draws=299), THRESHOLDS, tests=6)
    assert found.level == Level.ERROR
    assert all(cause.startswith("model change") for cause in found.causes)


def test_nothing_changed_is_ok():
    found = evaluate_performance(performance_drift(BASE, BASE, draws=19), THRESHOLDS, tests=6)
    assert (found.level, found.causes) == (Level.OK, ())
    assert found.not_tested == ("population change: no new clips",)


def test_too_few_clips_are_not_tested_and_never_ok():
    few = BASE.take(np.arange(7))
    found = evaluate_performance(performance_drift(few, few, draws=19), THRESHOLDS, tests=6)
    assert found.level == Level.NOT_TESTED
    assert found.not_tested == (
        "model change: 7 of the 20 shared clips needed",
        "population change: no new clips",
    )
    loose = performance_drift(few, few, draws=19, min_clips=5)
    strict = evaluate_performance(loose, THRESHOLDS, tests=6)
    assert strict.level == Level.NOT_TESTED
    assert strict.not_tested[0] == "model change: 7 of the 20 clips needed"


def test_a_part_with_too_few_clips_outranks_ok_and_no_drift():
    few = joined(BASE, _fresh().take(np.arange(7)))
    quiet = evaluate_performance(performance_drift(BASE, few, draws=19), THRESHOLDS, tests=6)
    assert (quiet.level, quiet.not_tested) == (
        Level.NOT_TESTED,
        ("population change: 7 of the 20 new clips needed",),
    )
    worse = joined(turned_wrong(BASE, 12), _fresh().take(np.arange(7)))
    loud = evaluate_performance(performance_drift(BASE, worse, draws=299), THRESHOLDS, tests=6)
    assert (loud.level, len(loud.not_tested)) == (Level.ERROR, 1)


def test_a_drifted_field_in_plain_words():
    fields = (_field("fps", adjusted_p=0.5), _field("sharpness", distance=1.2), _field())
    found = evaluate_data(fields, None, DATA, tests=5)
    assert found.level == Level.ERROR
    assert found.causes[1] == (
        "metadata: brightness lower on 40 new clips (median 118 -> 97, distance .80 standard "
        "deviations, p < .0001)"
    )
    assert len(found.causes) == 2


def test_an_embedding_apart_in_plain_words():
    apart = EmbeddingDrift(100, 40, 0.1, 0.74, 2e-4)
    found = evaluate_data((_field(adjusted_p=0.5),), apart, DATA, tests=5)
    assert (found.level, found.causes) == (
        Level.WARN,
        ("embedding: 40 new clips lie apart from 100 of the baseline (AUC .74, p = .0002)",),
    )


def test_metadata_and_embedding_are_two_questions():
    alike = EmbeddingDrift(100, 40, 0.0, 0.5, 0.9)
    field = _field(adjusted_p=0.0015)
    assert evaluate_data((field,), None, DATA, tests=5).level == Level.WARN
    assert evaluate_data((field,), alike, DATA, tests=5).level == Level.OK
    apart = EmbeddingDrift(100, 40, 0.1, 0.74, 1e-6)
    assert len(evaluate_data((field,), apart, DATA, tests=5).causes) == 2
    assert evaluate_data((field,), None, DATA, tests=50).level == Level.OK


def test_a_small_shift_is_no_alarm_however_sure():
    alike = EmbeddingDrift(100, 40, 0.01, 0.55, 1e-9)
    found = evaluate_data((_field(distance=0.1, adjusted_p=1e-9),), alike, DATA, tests=5)
    assert (found.level, found.causes) == (Level.OK, ())


def test_untested_data_are_listed_by_reason():
    nan = float("nan")
    fields = tuple(
        FieldDrift(name, 9, 0, nan, nan, nan, nan, "", nan, nan, False, "no new clips")
        for name in "abcdefgh"
    )
    few = EmbeddingDrift(9, 0, nan, nan, nan, False, "no new clips")
    found = evaluate_data(fields, few, DATA, tests=5)
    assert (found.level, found.causes) == (Level.NOT_TESTED, ())
    assert found.not_tested == (
        "metadata (a, b, c, d, e and 3 more): no new clips",
        "embedding: no new clips",
    )


@pytest.mark.parametrize("rise", ["accuracy_drop", "loss_rise", "calibration_rise"])
def test_a_warning_above_its_error_is_refused_when_settings_load(rise):
    with pytest.raises(ValueError, match=f"{rise}_warn .0.2. is above {rise}_error .0.05."):
        Thresholds.model_validate({f"{rise}_warn": 0.2, f"{rise}_error": 0.05})


def test_thresholds_are_checked():
    with pytest.raises(ValueError, match="accuracy_drop_warn .0.1. is above"):
        Thresholds(accuracy_drop_warn=0.1, accuracy_drop_error=0.05)
    with pytest.raises(ValueError, match="model_alpha"):
        Thresholds(model_alpha=0)
    with pytest.raises(ValueError, match="field_shift_warn .2. is above"):
        Thresholds(field_shift_warn=2.0, field_shift_error=1.0)
    with pytest.raises(ValueError, match="data_alpha"):
        Thresholds(data_alpha=1.5)
