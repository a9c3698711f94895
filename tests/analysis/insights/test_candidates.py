"""Candidate generators: the error-aware mixture, rules, scans; merging; one correction for all."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.mixture import GaussianMixture

from insight_dagster.analysis.insights.candidates.error_mixture import failing_components
from insight_dagster.analysis.insights.candidates.group_statistics import group_statistics
from insight_dagster.analysis.insights.candidates.groups import (
    class_tree_groups,
    density_groups,
    tail_groups,
    tree_groups,
)
from insight_dagster.analysis.insights.candidates.max_t_scan import scan
from insight_dagster.analysis.insights.candidates.mixture import Evidence, fit_mixture
from insight_dagster.analysis.insights.candidates.rules import (
    conditions,
    failing_rules,
    why_skipped,
)
from insight_dagster.analysis.insights.candidates.views import Family
from insight_dagster.analysis.insights.finding import Finding
from insight_dagster.analysis.insights.ranking import merge_repeats
from insight_dagster.analysis.numerics.multiple_testing import benjamini_hochberg, selective_q


def clips_with_slice(*, seed, errors=0.7, n=600):
    """Evidence and failures of two classes; 40 clips of class 0 lie apart and fail more."""
    rng = np.random.default_rng(seed)
    classes = np.arange(n) % 2
    points = rng.normal(size=(n, 12)) + 4 * classes[:, None] * np.eye(12)[0]
    group = np.arange(0, 80, 2)
    points[group, 1] += 3.5
    rate = np.full(n, 0.1)
    rate[group] = errors
    wrong = (rng.random(n) < rate).astype(float)
    loss = 0.2 + 2 * wrong + 0.1 * rng.random(n)
    return (
        Evidence(points, classes, wrong.astype(int), (2, 2)),
        group_statistics(wrong, loss, classes),
        group,
    )


def test_the_mixture_equals_scikit_learns_where_class_and_outcome_say_nothing():
    rng = np.random.default_rng(0)
    points = rng.normal(size=(400, 3)) + 5 * rng.integers(0, 2, 400)[:, None]
    alike = np.zeros(400, int)
    start = np.eye(2)[(points[:, 0] > 2.5).astype(int)]
    ours, posterior = fit_mixture(Evidence(points, alike, alike, (1, 1)), start, rounds=200)
    theirs = GaussianMixture(2, covariance_type="tied", tol=1e-9, max_iter=200).fit(points)
    order = np.argsort(theirs.means_[:, 0])
    np.testing.assert_allclose(np.sort(ours.means, axis=0), theirs.means_[order], atol=0.02)
    np.testing.assert_allclose(
        posterior[:, 1], theirs.predict_proba(points)[:, order[1]], atol=0.02
    )


def test_a_failing_component_is_found_with_soft_scores():
    evidence, failed, group = clips_with_slice(seed=1)
    found = failing_components(evidence, failed, np.random.default_rng(0))
    best = min(found, key=lambda each: each.p_value)
    assert best.p_value < 0.005
    assert np.isin(best.members, group).mean() > 0.8
    assert np.isin(np.argsort(-best.scores)[:20], group).mean() >= 0.9
    assert ((best.scores >= 0) & (best.scores <= 1)).all()


def test_components_of_chance_have_honest_p_values():
    smallest = []
    for seed in range(20):
        evidence, failed, _ = clips_with_slice(seed=100 + seed, errors=0.1, n=200)
        found = failing_components(evidence, failed, np.random.default_rng(seed))
        smallest.append(min((each.p_value for each in found), default=1.0))
    # One of 20 is expected below .05; more than 4 have a chance of .3 %.
    assert (np.array(smallest) <= 0.05).sum() <= 4


def test_rules_find_the_conjunction_and_not_its_parts():
    rng = np.random.default_rng(2)
    n = 800
    frame = pd.DataFrame(rng.normal(size=(n, 5)), columns=list("abcde"))
    frame["camera"] = rng.choice(["phone", "drone"], n)
    frame.loc[::7, "b"] = np.nan
    planted = (frame["a"] > frame["a"].quantile(0.8)) & (frame["camera"] == "drone")
    wrong = (rng.random(n) < np.where(planted, 0.7, 0.1)).astype(float)
    failed = group_statistics(wrong, wrong + 0.1 * rng.random(n), np.zeros(n))
    best = failing_rules(conditions(frame), failed, rng)[0]
    assert {part.split()[0] for part in best.text.split(" and ")} == {"a", "camera"}
    assert best.p_value < 1e-4
    assert np.isin(best.members, np.flatnonzero(planted)).all()


def test_rules_of_chance_constant_and_wild_columns():
    rng = np.random.default_rng(3)
    n = 300
    frame = pd.DataFrame({
        "noise": rng.normal(size=n), "constant": 1.0, "missing": np.nan,
        "name": [f"clip {number}" for number in range(n)], "flag": rng.random(n) < 0.5,
    })  # fmt: skip
    known = conditions(frame)
    assert not any(text.startswith(("constant", "missing", "name")) for text in known.texts)
    failed = group_statistics((rng.random(n) < 0.2).astype(float), rng.random(n), np.zeros(n))
    assert all(rule.p_value > 0.01 for rule in failing_rules(known, failed, rng))
    assert why_skipped(known, failed) is None
    assert "no metadata field" in why_skipped(conditions(frame[["constant"]]), failed)


def test_a_rule_has_no_condition_that_changes_nothing():
    rng = np.random.default_rng(4)
    n = 400
    group = np.arange(n) < 30
    frame = pd.DataFrame({"b": group + 0.1 * rng.random(n), "a": rng.normal(size=n)})
    frame["wide"] = np.where(group, 1 + rng.random(n), rng.random(n) * 1.5)
    frame["source"] = np.where(group, "one", rng.choice(["two", "three"], n))
    wrong = (rng.random(n) < np.where(group, 0.7, 0.1)).astype(float)
    loss = wrong + 0.1 * rng.random(n)
    known = conditions(frame)
    found = failing_rules(known, group_statistics(wrong, loss, np.zeros(n)), rng)
    for rule in found:
        parts = [known.met[:, known.texts.index(text)] for text in rule.text.split(" and ")]
        for left_out in range(len(parts) if len(parts) > 1 else 0):
            rest = np.all(parts[:left_out] + parts[left_out + 1 :], axis=0)
            assert rest.sum() > len(rule.members), rule.text


def test_scan_p_values_are_uniform_by_chance():
    p_values = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        values = rng.normal(size=150)
        failed = group_statistics(
            (rng.random(150) < 0.2).astype(float), rng.random(150), np.arange(150) % 3
        )
        found = scan(Family("tails", (tail_groups(values),)), failed, rng)
        p_values.append(found[0].p_value if found else 1.0)
    # Only p-values up to .2 are told: their share must be that, and uniform below.
    told = np.array([p for p in p_values if p <= 0.2])
    assert stats.binomtest(len(told), 60, 0.2).pvalue > 0.01
    if len(told) >= 5:
        assert stats.kstest(told / 0.2, "uniform").pvalue > 0.01


def test_density_groups_are_dense_at_every_level():
    rng = np.random.default_rng(6)
    tight = rng.normal(size=(30, 2)) * 0.1
    near = rng.normal(size=(40, 2)) * 0.3 + 2
    far = rng.normal(size=(80, 2)) * 0.5 + [30, 0]
    found = density_groups(np.concatenate([tight, near, far]))
    rows = {tuple(found.rows(group).tolist()) for group in range(len(found))}
    assert any(len(set(each) ^ set(range(30))) <= 3 for each in rows)
    assert any(len(set(each) ^ set(range(70))) <= 6 for each in rows)
    assert sorted(found.order.tolist()) == list(range(150))
    assert len(density_groups(rng.normal(size=(15, 2)))) == 0
    assert len(density_groups(np.zeros((60, 2)))) in (0, 1)


def test_large_sets_get_a_tree_of_cells_and_trees_of_classes():
    rng = np.random.default_rng(4)
    points, labels = rng.normal(size=(4_500, 2)), np.repeat(np.arange(9), 500)
    for found in (tree_groups(points), class_tree_groups(points, labels)):
        assert sorted(found.order.tolist()) == list(range(4_500))
        assert (found.sizes >= 5).all()
        assert (found.sizes <= 2_250).all()
    inside = class_tree_groups(points, labels)
    assert all(len(set(labels[inside.rows(group)])) == 1 for group in range(0, len(inside), 50))


def finding(rows, *, kind="low_performance", p=0.01, name="a", scores=False):
    rows = np.array(rows)
    soft = np.zeros(20, np.float32)
    soft[rows] = 1.0
    return Finding(
        kind=kind, population="all", rows=rows, weights=np.ones(len(rows)), effect_name="e",
        effect=1.0, ci_low=0.5, ci_high=1.5, p_value=p, strength=0.5, relevant=True, sentence="",
        action="", class_name="disc", found_by=(name,),
        scores=soft if scores else np.zeros(0, np.float32),
    )  # fmt: skip


def test_the_same_group_of_two_generators_is_one_finding():
    first, second = (
        finding([1, 2, 3, 4], name="tree", scores=True),
        finding([2, 3, 4, 5], name="rules", scores=True),
    )
    other = finding([10, 11, 12], name="tails")
    kept = merge_repeats([first, second, other, replace(first, kind="outlier")], [False] * 4)
    assert [position for position, _ in kept] == [0, 2, 3]
    assert kept[0][1].found_by == ("rules", "tree")
    assert kept[0][1].scores[[1, 2, 5]].tolist() == [0.5, 1.0, 0.5]


def test_a_group_inside_another_is_a_repeat_only_where_both_are_confirmed():
    wide, narrow = finding(range(12)), finding([2, 3, 4])
    for confirmed, left in (([True, True], 1), ([True, False], 2), ([False, True], 2)):
        assert len(merge_repeats([wide, narrow], confirmed)) == left


@given(st.lists(st.lists(st.floats(0, 1), max_size=3), min_size=1, max_size=8), st.integers(0, 99))
@settings(max_examples=50, deadline=None)
def test_selective_q_is_benjamini_hochberg_of_questions(lists, seed):
    questions = [np.array(each) for each in lists]
    q_values = selective_q(questions, ["kind"] * len(lists))
    smallest = np.array([each.min(initial=1.0) for each in questions])
    expected = benjamini_hochberg(smallest)
    for values, q, least in zip(questions, q_values, expected, strict=True):
        assert q.min(initial=np.inf) >= least - 1e-12
        if len(values):
            assert q[values.argmin()] == pytest.approx(least)
            assert (np.argsort(values, kind="stable") == np.argsort(q, kind="stable")).all() or (
                np.diff(q[np.argsort(values)]) >= -1e-12
            ).all()
    order = np.random.default_rng(seed).permutation(len(lists))
    again = selective_q([questions[o] for o in order], ["kind"] * len(lists))
    for position, o in enumerate(order):
        np.testing.assert_allclose(again[position], q_values[o])


def test_a_kind_that_is_asked_often_takes_no_more_than_its_share():
    often = [np.array([0.5])] * 400
    alone = selective_q([np.array([0.01]), *often], ["once"] + ["often"] * 400)[0]
    assert alone[0] == pytest.approx(0.02)
