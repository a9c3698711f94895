"""Field and embedding drift: reference distances, power, and calibration on nulls."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from insight_dagster.analysis.drift import embedding_drift, field_drift
from insight_dagster.analysis.drift.data.metadata_drift import FieldDrift
from insight_dagster.analysis.drift.data.mmd import (
    gaussian_kernel,
    leading_coordinates,
    mean_discrepancies,
    witness_auc,
)
from insight_dagster.analysis.drift.data.strata import side_by_side
from insight_dagster.analysis.drift.data.wasserstein import population_stability_index

DRAWS = 199


@given(
    st.lists(st.integers(-5, 5), min_size=2, max_size=30),
    st.lists(st.integers(-5, 5), min_size=1, max_size=30),
)
@settings(max_examples=60, deadline=None)
def test_the_distance_is_scipys_in_the_baselines_deviations(old, new):
    found = field_drift(
        np.array(old, float)[:, None], np.array(new, float)[:, None], ["x"], draws=9, min_clips=1
    )[0]
    deviation = np.std(old) or np.std(old + new)
    if deviation == 0:
        assert (found.tested, found.reason) == (False, "constant")
    else:
        expected = stats.wasserstein_distance(old, new) / deviation
        assert found.distance == pytest.approx(expected)


def test_missing_values_are_left_out_field_by_field():
    rng = np.random.default_rng(0)
    old, new = rng.normal(size=(60, 2)), rng.normal(1, 1, size=(50, 2))
    old[:10, 0], new[:5, 0], new[:45, 1] = np.nan, np.inf, np.nan
    first, second = field_drift(old, new, ["x", "y"], draws=DRAWS)
    assert (first.baseline_clips, first.current_clips) == (50, 45)
    expected = stats.wasserstein_distance(old[10:, 0], new[5:, 0]) / old[10:, 0].std()
    assert first.distance == pytest.approx(expected)
    assert (second.tested, second.reason) == (False, "5 of the 20 new clips needed")
    assert np.isnan([second.p_value, second.adjusted_p, second.distance]).all()


def test_a_shifted_field_is_significant_with_its_direction_and_the_others_are_not():
    rng = np.random.default_rng(1)
    old, new = rng.normal(size=(100, 8)), rng.normal(size=(60, 8))
    new[:, 2] -= 1.5
    found = field_drift(old, new, list("abcdefgh"), draws=999)
    significant = [each.name for each in found if each.adjusted_p < 0.01]
    assert (significant, found[2].direction) == (["c"], "lower")
    assert found[2].current_median < found[2].baseline_median
    assert found[2].psi > 0.5
    assert all(each.p_value <= each.adjusted_p for each in found)


def test_correlated_fields_do_not_cost_what_independent_ones_do():
    rng = np.random.default_rng(2)
    old, new = rng.normal(size=(100, 1)), rng.normal(0.65, 1, size=(50, 1))
    alone = field_drift(old, new, ["x"], draws=999)[0].adjusted_p
    copies = field_drift(
        np.repeat(old, 25, axis=1), np.repeat(new, 25, axis=1), list(map(str, range(25))),
        draws=999,
    )[0].adjusted_p  # fmt: skip
    assert copies == pytest.approx(alone, rel=0.1)


def test_psi_by_hand():
    old = np.arange(1.0, 101)
    # Deciles of 1..100 are 10.9, 20.8, ..., 90.1; all new values lie in the last bin.
    found = population_stability_index(old, np.full(20, 99.0))
    p = np.full(10, 10.5) / 105
    q = np.array([0.5] * 9 + [20.5]) / 25
    assert found == pytest.approx(((q - p) * np.log(q / p)).sum())
    assert population_stability_index(old, old) == 0


def test_adjusted_p_keeps_the_level_over_all_fields():
    smallest = []
    mixing = np.random.default_rng(0).normal(size=(3, 10))
    for seed in range(120):
        rng = np.random.default_rng([seed, 99])
        values = rng.normal(size=(90, 3)) @ mixing + rng.normal(size=(90, 10))
        values[:, 0] = np.exp(values[:, 0] / 2)
        found = field_drift(values[:60], values[60:], list("abcdefghij"), draws=DRAWS, seed=seed)
        smallest.append(min(each.adjusted_p for each in found))
    assert stats.kstest(smallest, "uniform").pvalue > 0.01


def test_mmd_is_the_printed_estimator():
    rng = np.random.default_rng(3)
    points, is_new = rng.normal(size=(12, 3)), np.arange(12) >= 7
    kernel = gaussian_kernel(points)
    x, y = np.flatnonzero(~is_new), np.flatnonzero(is_new)
    scaled = points / points.std(axis=0)
    pairs = [np.linalg.norm(scaled[i] - scaled[j]) for i in range(12) for j in range(i)]
    assert kernel[0, 1] == pytest.approx(
        np.exp(-(pairs[0] ** 2) / (2 * np.median(pairs) ** 2)), rel=0.05
    )
    within = [
        sum(kernel[i, j] for i in rows for j in rows if i != j) / (len(rows) * (len(rows) - 1))
        for rows in (x, y)
    ]
    between = sum(kernel[i, j] for i in x for j in y) / (len(x) * len(y))
    found = mean_discrepancies(kernel, is_new[None].astype(float), np.full(12, 1 / 7))[0]
    assert found == pytest.approx(sum(within) - 2 * between)


def test_weights_give_the_old_points_the_new_ones_strata():
    rng = np.random.default_rng(10)
    points = rng.normal(size=(9, 2))
    splits = np.array(list("aab")), np.array(list("aaabbb"))
    sides, _ = side_by_side(points[:3], points[3:], splits)
    kernel, weights = gaussian_kernel(sides.values), sides.old_weights()
    old = sides.strata[~sides.is_new]
    assert weights[~sides.is_new] == pytest.approx(np.where(old == 0, 0.25, 0.5))
    # Every old clip of the second stratum counts as two of the first.
    twice = np.concatenate([np.flatnonzero(~sides.is_new), np.flatnonzero(~sides.is_new)[old == 1]])
    x, y = twice, np.flatnonzero(sides.is_new)
    # By hand: pairs of different clips, their weights renormalised to 1.
    pairs = [(i, j) for i in range(3) for j in range(3) if i != j]
    total = sum(weights[i] * weights[j] for i, j in pairs)
    within = sum(weights[i] * weights[j] * kernel[i, j] for i, j in pairs) / total
    new = kernel[np.ix_(y, y)].sum() / 30
    between = kernel[np.ix_(x, y)].mean()
    found = mean_discrepancies(kernel, sides.is_new[None] * 1.0, weights)[0]
    assert found == pytest.approx(within + new - 2 * between)


def test_the_auc_is_that_of_densities_without_the_pair():
    rng = np.random.default_rng(11)
    kernel, is_new = gaussian_kernel(rng.normal(size=(9, 2))), np.arange(9) >= 5
    wins = []
    for i in np.flatnonzero(is_new):
        for j in np.flatnonzero(~is_new):
            rest = np.delete(np.arange(9), [i, j])
            at = [
                kernel[k, rest[is_new[rest]]].mean() - kernel[k, rest[~is_new[rest]]].mean()
                for k in (i, j)
            ]
            wins.append(at[0] > at[1])
    assert witness_auc(kernel, is_new, np.full(9, 0.2)) == pytest.approx(np.mean(wins))


def test_a_moved_cloud_is_significant_and_an_alike_one_is_not():
    rng = np.random.default_rng(4)
    old, new = rng.normal(size=(100, 8)), rng.normal(size=(40, 8))
    alike = embedding_drift(old, new)
    assert alike.p_value > 0.05
    assert 0.35 < alike.auc < 0.65
    new[:, 0] += 2
    apart = embedding_drift(old, new)
    assert apart.p_value < 1e-4
    assert apart.auc > 0.75


def test_a_cloud_of_another_width_is_significant_though_its_middle_is_the_same():
    rng = np.random.default_rng(5)
    found = embedding_drift(rng.normal(size=(150, 4)), rng.normal(0, 2.5, size=(80, 4)))
    assert found.p_value < 0.001
    assert found.auc > 0.6


def test_embedding_p_keeps_its_level():
    p_values, separable = [], []
    for seed in range(150):
        rng = np.random.default_rng([seed, 99])
        points = rng.normal(size=(80, 6)) * rng.exponential(size=(80, 1))
        found = embedding_drift(points[:50], points[50:], draws=DRAWS, seed=seed)
        p_values.append(found.p_value)
        separable.append(found.auc)
    assert stats.kstest(p_values, "uniform").pvalue > 0.01
    assert np.mean(separable) == pytest.approx(0.5, abs=0.02)


def test_new_clips_of_wide_vectors_are_no_drift_because_they_were_not_fitted():
    scale = np.arange(1, 301) ** -0.5
    p_values = []
    for seed in range(60):
        vectors = np.random.default_rng([seed, 5]).normal(size=(70, 300)) * scale
        p_values.append(embedding_drift(vectors[:30], vectors[30:], draws=99, seed=seed).p_value)
    assert stats.kstest(p_values, "uniform").pvalue > 0.01


def test_vectors_of_few_dimensions_keep_them():
    flat = np.random.default_rng(12).normal(size=(40, 3)) @ np.ones((3, 3))
    assert leading_coordinates(flat).shape == (40, 1)
    assert leading_coordinates(np.ones((40, 3))).shape == (40, 0)
    assert embedding_drift(np.ones((30, 3)), np.ones((30, 3)), draws=19).p_value == 1


def test_more_new_clips_of_another_split_are_no_drift():
    rng = np.random.default_rng(13)
    named = np.repeat(["train", "test"], [70, 35]), np.repeat(["train", "test"], [5, 45])
    old, new = (rng.normal(size=(len(each), 4)) + 2.0 * (each == "test")[:, None] for each in named)
    names = list("abcd")
    for splits, significant in ((None, True), (named, False)):
        fields = field_drift(old, new, names, splits=splits)
        cloud = embedding_drift(old, new, splits=splits)
        assert [each.adjusted_p < 0.001 for each in fields] == [significant] * 4
        assert [each.distance > 0.6 for each in fields] == [significant] * 4
        assert (cloud.p_value < 0.001, cloud.auc > 0.7) == (significant, significant)


def test_old_clips_are_weighted_to_the_new_ones_splits():
    rng = np.random.default_rng(14)
    old, new = rng.normal(size=60), rng.normal(size=40)
    splits = np.repeat(["x", "y", "z"], [30, 20, 10]), np.repeat(["x", "y"], [10, 30])
    found = field_drift(old[:, None], new[:, None], ["f"], splits=splits, draws=19)[0]
    weights = np.repeat([0.25 / 30, 0.75 / 20], [30, 20])
    expected = stats.wasserstein_distance(old[:50], new, weights) / old[:50].std()
    assert (found.baseline_clips, found.distance) == (50, pytest.approx(expected))


def test_a_split_that_the_baseline_lacks_is_compared_with_all_of_it_and_says_so():
    values = np.random.default_rng(15).normal(size=(70, 2))
    splits = np.repeat(["x", "y"], 20), np.repeat(["y", "unseen"], 15)
    found = field_drift(values[:40], values[40:], ["f", "g"], splits=splits, draws=19)
    cloud = embedding_drift(values[:40], values[40:], splits=splits, draws=19)
    for each in (*found, cloud):
        assert (each.tested, each.baseline_clips, each.current_clips) == (True, 40, 30)
        assert "without old clips (unseen)" in each.reason


def test_values_known_in_other_splits_alone_are_not_compared():
    values = np.random.default_rng(16).normal(size=(80, 1))
    values[:20] = np.nan
    splits = np.repeat(["x", "y"], 20), np.repeat(["x", "y"], [30, 10])
    (found,) = field_drift(values[:40], values[40:], ["f"], splits=splits)
    assert (found.tested, found.baseline_clips, found.current_clips) == (False, 20, 10)
    assert found.reason == "10 of the 20 new clips needed in splits that both have"


def test_values_that_are_seldom_known_for_new_clips_keep_the_level():
    p_values = []
    for seed in range(150):
        values = np.random.default_rng([seed, 98]).normal(size=(220, 1))
        values[160:] = np.nan
        p_values.append(field_drift(values[:120], values[120:], ["f"], draws=199, seed=seed)[0])
    assert stats.kstest([each.p_value for each in p_values], "uniform").pvalue > 0.01


def test_at_most_cap_clips_a_side_are_compared():
    rng = np.random.default_rng(6)
    found = embedding_drift(rng.normal(size=(90, 3)), rng.normal(size=(40, 3)), cap=30, draws=19)
    assert (found.baseline_clips, found.current_clips) == (30, 30)


@given(st.randoms(use_true_random=False))
@settings(max_examples=10, deadline=None)
def test_the_row_order_does_not_matter(random):
    rng = np.random.default_rng(7)
    old, new = rng.normal(size=(40, 3)).round(1), rng.normal(size=(30, 3)).round(1)
    mixed = [each[random.sample(range(len(each)), len(each))] for each in (old, new)]
    names = ["x", "y", "z"]
    assert field_drift(*mixed, names, draws=49) == field_drift(old, new, names, draws=49)
    again = embedding_drift(*mixed, draws=49, cap=25)
    assert again == embedding_drift(old, new, draws=49, cap=25)


def test_identical_clips_are_no_drift():
    values = np.random.default_rng(8).normal(size=(40, 3))
    for each in field_drift(values, values, ["x", "y", "z"], draws=DRAWS):
        assert (each.distance, each.p_value, each.psi) == (0, 1, 0)
    assert embedding_drift(values, values, draws=DRAWS).p_value > 0.9


def test_too_few_clips_are_not_tested():
    values = np.random.default_rng(9).normal(size=(40, 3))
    few = embedding_drift(values, values[:7])
    assert (few.tested, few.reason) == (False, "7 of the 20 new clips needed")
    none = field_drift(values, values[:0], ["x", "y", "z"])
    assert {each.reason for each in none} == {"no new clips"}
    unknown = field_drift(values, np.full((30, 3), np.nan), ["x", "y", "z"])
    assert {each.reason for each in unknown} == {"0 of the 20 new clips needed"}
    assert embedding_drift(values, values[:0]).reason == "no new clips"


def test_shapes_are_checked():
    with pytest.raises(ValueError, match="2 fields need"):
        field_drift(np.zeros((5, 3)), np.zeros((5, 3)), ["x", "y"])
    with pytest.raises(ValueError, match="one width"):
        embedding_drift(np.zeros((5, 3)), np.zeros((5, 2)))
    with pytest.raises(ValueError, match="finite"):
        embedding_drift(np.full((5, 3), np.nan), np.zeros((5, 3)))
    with pytest.raises(ValueError, match="needs a p-value"):
        FieldDrift("x", 1, 1, 0, 0, 0, 0, "", float("nan"), 1.0)
