"""Model change and population change: known answers, references, and calibration on nulls."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from insight_dagster.analysis.drift import ScoredClips, performance_drift
from insight_dagster.analysis.drift.performance.change import (
    METRICS,
    MODEL_CHANGE,
    POPULATION_CHANGE,
    Change,
)
from insight_dagster.analysis.drift.performance.model_change import mcnemar_p, model_change
from insight_dagster.analysis.drift.performance.population_change import mantel_haenszel_p
from tests.support.drift_clips import joined, scored, turned_wrong

DRAWS = 299


def _night(seed, *, old=60, new=30, margin=2.0):
    rng = np.random.default_rng([seed, 99])
    baseline = scored(rng, old, prefix="old")
    return baseline, joined(baseline, scored(rng, new, prefix="new", margin=margin))


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 10))
@settings(max_examples=60, deadline=None)
def test_mcnemar_is_the_binomial_test_on_clips_that_turned(lost, won, stayed):
    baseline = np.concatenate([np.ones(lost), np.zeros(won), np.ones(stayed)])
    current = np.concatenate([np.zeros(lost), np.ones(won), np.ones(stayed)])
    expected = 1.0
    if lost + won:
        expected = stats.binomtest(lost, lost + won, 0.5, alternative="greater").pvalue
    assert mcnemar_p(baseline, current) == pytest.approx(expected)


def test_one_stratum_is_fishers_exact_test():
    correct = np.array([1.0] * 30 + [0] * 10 + [1] * 12 + [0] * 13)
    is_new = np.arange(65) >= 40
    table = [[12, 13], [30, 10]]
    expected = stats.fisher_exact(table, alternative="less").pvalue
    assert mantel_haenszel_p(correct, is_new, np.zeros(65)) == pytest.approx(expected)


def test_strata_are_convolved_as_by_simulation():
    rng = np.random.default_rng(3)
    correct, is_new = (rng.random(40) < 0.7).astype(float), rng.random(40) < 0.4
    strata = rng.integers(0, 3, 40)
    found = mantel_haenszel_p(correct, is_new, strata)
    counts = np.zeros(20_000)
    for stratum in range(3):
        here = strata == stratum
        counts += rng.hypergeometric(
            int(correct[here].sum()),
            int((1 - correct[here]).sum()),
            int(is_new[here].sum()),
            size=20_000,
        )
    assert found == pytest.approx(np.mean(counts <= correct[is_new].sum()), abs=0.015)


def test_loss_of_a_model_change_agrees_with_scipys_permutation_test():
    rng = np.random.default_rng(4)
    baseline = scored(rng, 50)
    current = ScoredClips(
        baseline.clip_ids,
        baseline.strata,
        baseline.correct,
        np.maximum(baseline.loss + rng.normal(0.1, 0.4, 50), 0),
        baseline.confidence,
    )
    reference = stats.permutation_test(
        (current.loss, baseline.loss),
        lambda x, y, axis: (x - y).mean(axis=axis),
        permutation_type="samples",
        alternative="greater",
        n_resamples=4_000,
        rng=np.random.default_rng(0),
        vectorized=True,
    )
    found = model_change(baseline, current, draws=3_999, rng=np.random.default_rng(1))[1]
    assert found.effect == pytest.approx(reference.statistic)
    assert found.p_value == pytest.approx(reference.pvalue, abs=0.02)


@given(st.integers(20, 60), st.integers(0, 1_000))
@settings(max_examples=25, deadline=None)
def test_the_same_predictions_are_no_model_change_at_all(clips, seed):
    baseline = scored(np.random.default_rng(seed), clips)
    drift = performance_drift(baseline, baseline, draws=99, seed=seed)
    for metric in METRICS:
        change = drift.change(MODEL_CHANGE, metric)
        assert (change.effect, change.ci_low, change.ci_high, change.p_value) == (0, 0, 0, 1)
        assert not drift.change(POPULATION_CHANGE, metric).tested
    assert (drift.model_part, drift.population_part, drift.accuracy_change) == (0, 0, 0)


@given(st.randoms(use_true_random=False), st.integers(0, 50))
@settings(max_examples=15, deadline=None)
def test_the_row_order_does_not_matter(random, seed):
    baseline, current = _night(seed)
    mixed = [random.sample(range(len(each)), len(each)) for each in (baseline, current)]
    again = performance_drift(baseline.take(mixed[0]), current.take(mixed[1]), draws=99, seed=seed)
    assert again == performance_drift(baseline, current, draws=99, seed=seed)


@given(st.integers(0, 60), st.integers(0, 40), st.integers(0, 40), st.integers(0, 1_000))
@settings(max_examples=40, deadline=None)
def test_the_parts_add_up_to_the_change_of_accuracy(shared, new, gone, seed):
    rng = np.random.default_rng(seed)
    before, left = scored(rng, shared, prefix="s"), scored(rng, gone, prefix="g")
    baseline = joined(before, left)
    current = joined(turned_wrong(before, shared // 5), scored(rng, new, prefix="n"))
    drift = performance_drift(baseline, current, draws=19, min_clips=5)
    if not len(baseline) or not len(current):
        assert np.isnan(drift.accuracy_change)
        return
    change = current.correct.mean() - baseline.correct.mean()
    assert drift.accuracy_change == pytest.approx(change)
    assert drift.model_part + drift.population_part == pytest.approx(change)
    assert drift.model_part <= 0
    assert (drift.shared, drift.new, drift.gone) == (shared, new, gone)


def test_worse_predictions_of_the_same_clips_are_a_model_change_alone():
    baseline, current = _night(1, old=80, new=40)
    worse = joined(turned_wrong(current.take(np.arange(80)), 10), current.take(np.arange(80, 120)))
    drift = performance_drift(baseline, worse, draws=DRAWS)
    accuracy = drift.change(MODEL_CHANGE, "accuracy")
    assert accuracy.effect == pytest.approx(10 / 80)
    assert accuracy.p_value == pytest.approx(0.5**10)
    assert accuracy.ci_low < accuracy.effect < accuracy.ci_high
    assert drift.change(MODEL_CHANGE, "loss").effect == pytest.approx(30 / 80)
    assert drift.change(MODEL_CHANGE, "loss").p_value < 0.01
    assert drift.model_part == pytest.approx(-10 / 120)
    assert drift.change(POPULATION_CHANGE, "accuracy").p_value > 0.05


def test_harder_new_clips_are_a_population_change_alone():
    baseline, current = _night(2, old=80, new=60, margin=-0.5)
    drift = performance_drift(baseline, current, draws=DRAWS)
    assert {drift.change(MODEL_CHANGE, metric).p_value for metric in METRICS} == {1.0}
    for metric in METRICS[:2]:
        change = drift.change(POPULATION_CHANGE, metric)
        assert change.p_value < 1e-3
        assert 0 < change.ci_low < change.effect < change.ci_high
    assert drift.model_part == 0


def test_more_clips_of_a_harder_split_are_no_population_change():
    rng = np.random.default_rng(5)
    easy = scored(rng, 80, prefix="a", strata=("train",), margin=4.0)
    hard = scored(rng, 40, prefix="b", strata=("test",), margin=0.0)
    fresh = scored(rng, 60, prefix="c", strata=("test",), margin=0.0)
    drift = performance_drift(joined(easy, hard), joined(easy, hard, fresh), draws=DRAWS)
    change = drift.change(POPULATION_CHANGE, "accuracy")
    assert drift.accuracy_change < -0.05
    assert change.baseline_clips == 40  # the test clips alone are comparable
    assert change.p_value > 0.05
    assert change.baseline_value == pytest.approx(hard.correct.mean())


def test_effects_are_weighted_by_the_new_clips_of_a_stratum():
    ones, zeros = np.ones(30), np.zeros(30)
    old = ScoredClips(
        [f"o{i}" for i in range(60)], ["x"] * 30 + ["y"] * 30, [*ones, *zeros], [*zeros, *ones],
        np.full(60, 0.5),
    )  # fmt: skip
    new = ScoredClips(
        [f"n{i}" for i in range(40)], ["x"] * 10 + ["y"] * 30, np.zeros(40), np.ones(40),
        np.full(40, 0.5),
    )  # fmt: skip
    drift = performance_drift(old, joined(old, new), draws=DRAWS)
    change = drift.change(POPULATION_CHANGE, "accuracy")
    assert (change.baseline_value, change.current_value, change.effect) == pytest.approx(
        (0.25, 0.0, 0.25)
    )
    assert drift.change(POPULATION_CHANGE, "loss").effect == pytest.approx(0.25)


def test_new_clips_of_a_new_stratum_are_compared_with_all_old_ones():
    rng = np.random.default_rng(6)
    old = joined(scored(rng, 40, prefix="a", strata=("x",)), scored(rng, 40, prefix="b"))
    known = scored(rng, 10, prefix="c", strata=("x",))
    alone = scored(rng, 30, prefix="d", strata=("unseen",), margin=-2.0)
    drift = performance_drift(old, joined(old, known, alone), draws=DRAWS)
    change = drift.change(POPULATION_CHANGE, "accuracy")
    of_x = old.correct[old.strata == "x"].mean()
    expected = 10 * (of_x - known.correct.mean()) + 30 * (old.correct.mean() - alone.correct.mean())
    assert change.effect == pytest.approx(expected / 40)
    assert change.p_value < 1e-4
    assert change.baseline_clips == 80
    assert change.reason == (
        "30 of them in splits without old clips (unseen): compared with all old clips"
    )


def test_a_small_sample_alone_does_not_look_badly_calibrated():
    effects, raw = [], []
    for seed in range(40):
        baseline, current = _night(seed, old=150, new=25)
        change = performance_drift(baseline, current, draws=99).change(
            POPULATION_CHANGE, "calibration"
        )
        effects.append(change.effect)
        raw.append(change.current_value - change.baseline_value)
    assert np.mean(raw) > 0.03
    assert abs(np.mean(effects)) < 0.02


@pytest.mark.parametrize("metric", METRICS)
def test_p_values_of_population_changes_keep_their_level(metric):
    found = []
    for seed in range(150):
        baseline, current = _night(seed)
        drift = performance_drift(baseline, current, draws=199, seed=seed)
        found.append(drift.change(POPULATION_CHANGE, metric).p_value)
    found = np.array(found)
    assert np.mean(found <= 0.1) <= 0.16
    assert np.mean(found <= 0.5) <= 0.6
    if metric != "accuracy":  # an exact test of few counts is conservative
        assert stats.kstest(found, "uniform").pvalue > 0.01


def test_p_values_of_an_equally_good_model_keep_their_level():
    found = []
    for seed in range(150):
        rng = np.random.default_rng([seed, 7])
        margins = rng.normal(2, 2, 50)
        pair = [margins + rng.normal(0, 1, 50) for _ in range(2)]
        baseline, current = (
            ScoredClips(
                [f"{i:02d}" for i in range(50)], [""] * 50, (m > 0) * 1.0, np.logaddexp(0, -m),
                1 / (1 + np.exp(-np.abs(m))),
            )
            for m in pair
        )  # fmt: skip
        drift = performance_drift(baseline, current, draws=199, seed=seed)
        found.append([drift.change(MODEL_CHANGE, metric).p_value for metric in METRICS])
    found = np.array(found)
    assert (np.mean(found <= 0.1, axis=0) <= 0.16).all()
    assert stats.kstest(found[:, 1], "uniform").pvalue > 0.01


def test_too_few_clips_are_not_tested_and_say_why():
    rng = np.random.default_rng(8)
    baseline = scored(rng, 30, prefix="o")
    drift = performance_drift(baseline, joined(baseline, scored(rng, 7, prefix="n")), draws=19)
    change = drift.change(POPULATION_CHANGE, "loss")
    assert (change.tested, change.reason) == (False, "7 of the 20 new clips needed")
    assert np.isnan([change.p_value, change.effect, change.ci_low]).all()
    assert not np.isnan([change.baseline_value, change.current_value]).any()
    assert drift.change(MODEL_CHANGE, "loss").tested
    alone = performance_drift(baseline, baseline, draws=19).change(POPULATION_CHANGE, "loss")
    assert alone.reason == "no new clips"
    assert performance_drift(baseline.take(np.arange(5)), baseline, draws=19).changes[0].reason == (
        "5 of the 20 shared clips needed"
    )


def test_nothing_shared_is_compared_with_the_baseline_and_says_so():
    rng = np.random.default_rng(9)
    baseline, current = scored(rng, 40, prefix="o"), scored(rng, 40, prefix="n", margin=-2.0)
    drift = performance_drift(baseline, current, draws=DRAWS)
    change = drift.change(POPULATION_CHANGE, "accuracy")
    assert change.tested
    assert "cannot be distinguished" in change.reason
    assert change.p_value < 0.001
    assert not drift.change(MODEL_CHANGE, "accuracy").tested


def test_few_shared_clips_leave_the_baseline_to_compare_with():
    rng = np.random.default_rng(9)
    baseline = scored(rng, 40, prefix="o", strata=("x",))
    current = joined(
        baseline.take(np.arange(5)), scored(rng, 30, prefix="n", strata=("x",), margin=-2.0)
    )
    drift = performance_drift(baseline, current, draws=DRAWS)
    change = drift.change(POPULATION_CHANGE, "accuracy")
    assert (change.tested, change.baseline_clips, change.current_clips) == (True, 40, 30)
    assert change.reason.startswith("5 comparable clips of the baseline are left")
    # The baseline has no more of them either: what is shared stays what is compared.
    few = performance_drift(baseline.take(np.arange(5)), current, draws=DRAWS)
    assert few.change(POPULATION_CHANGE, "accuracy").reason == (
        "5 of the 20 comparable old clips needed"
    )


def test_empty_nights_are_unknown():
    empty = scored(np.random.default_rng(0), 0)
    drift = performance_drift(empty, empty, draws=19)
    assert not any(change.tested for change in drift.changes)
    assert np.isnan(drift.accuracy_change)


def test_shapes_and_words_are_checked():
    with pytest.raises(ValueError, match="part must be one of"):
        Change("weather", "accuracy", 1, 1, 0, 0, 0, 0, 0, 1.0)
    with pytest.raises(ValueError, match="p-value"):
        Change(MODEL_CHANGE, "loss", 1, 1, 0, 0, 0, 0, 0, float("nan"))
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="same clips"):
        model_change(scored(rng, 5), scored(rng, 5, prefix="x"), draws=9, rng=rng)
