"""Failing rules: conjunctions are found, chance and useless conditions are not."""

import numpy as np
import pandas as pd

from insight_dagster.analysis.insights.candidates.group_statistics import group_statistics
from insight_dagster.analysis.insights.candidates.rules import (
    conditions,
    failing_rules,
    why_skipped,
)


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
