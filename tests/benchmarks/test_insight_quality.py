"""The scores of the insight benchmark: ties, best groups, settings that are what they say."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.insight_peers import by_class
from benchmarks.insight_quality import average_precision, precision_at, score_groups
from benchmarks.insight_quality_tables import summary
from benchmarks.insight_settings import CLIPS, make_setting

PLANTED = np.array([True, True, False, False, False, False])


def test_ties_are_drawn_at_random():
    flat = np.ones(6)
    assert precision_at(flat, PLANTED, 3) == pytest.approx(1 / 3)
    assert average_precision(flat, PLANTED) == pytest.approx(1 / 3)
    some = np.array([3.0, 1.0, 1.0, 1.0, 0.0, 0.0])
    assert precision_at(some, PLANTED, 2) == pytest.approx((1 + 1 / 3) / 2)


def test_the_best_group_counts_and_none_is_nothing():
    groups = [np.array([0, 0, 1, 1, 0, 0.0]), np.array([0.9, 0.8, 0.1, 0, 0, 0])]
    planted = np.repeat(PLANTED, 30)
    found = score_groups([np.repeat(each, 30) for each in groups], planted)
    assert (found["position"], found["ap"], found["p10"], found["recall"]) == (1, 1, 1, 1)
    assert score_groups([], planted)["ap"] == 0


def test_one_list_over_all_classes_is_judged_class_by_class_too():
    labels = np.repeat([0, 1], 30)
    planted = np.zeros(60, bool)
    planted[:10] = True
    scores = np.where(planted, 0.5, 0.1)
    scores[30:40] = 0.9  # a slice of another class, which the same list holds
    assert score_groups([scores], planted)["ap"] < 0.6
    found = score_groups(by_class(scores, labels), planted)
    assert (found["ap"], found["position"]) == (1, 1)


def test_failures_are_counted_and_not_averaged():
    row = {
        "engine": "peer", "default": True, "difficulty": "easy", "kind": "rare", "problem": "",
        "setting": "easy-rare-0", "seconds": 1.0, "groups": 3, "first_cause": True,
        "confirmed": True, **dict.fromkeys(("ap", "first", "p10", "p25", "recall"), 0.8),
    }  # fmt: skip
    failed = row | {"setting": "easy-rare-1", "problem": "ValueError: no"}
    failed |= dict.fromkeys(("ap", "first", "p10", "p25", "recall"), np.nan)
    told = summary(pd.DataFrame([row, failed]), [])
    assert "| peer | 0.80 / 0.80 / 0.80 / 0.80 |" in told
    assert "peer failed on 1 of 2 settings: ValueError: no" in told


@pytest.mark.parametrize("kind", ["rare", "noisy_label", "over_represented", "duplicate", "null"])
def test_settings_hold_what_they_plant(kind):
    first, again = make_setting("medium", kind, 7), make_setting("medium", kind, 7)
    np.testing.assert_array_equal(first.embeddings, again.embeddings)
    assert len(first.slices) == (0 if kind == "null" else 2)
    np.testing.assert_allclose(first.probabilities.sum(axis=1), 1, atol=1e-5)
    wrong = first.probabilities.argmax(axis=1) != first.labels
    for planted in first.slices:
        rest = np.setdiff1d(np.arange(CLIPS), planted.rows)
        moved = first.metadata[planted.causes[0]]
        assert abs(moved[planted.rows].mean() - moved[rest].mean()) > 1
        if kind in ("rare", "noisy_label"):
            assert wrong[planted.rows].mean() > wrong[rest].mean() + 0.05
        if kind == "duplicate":
            half = len(planted.rows) // 2
            pairs = first.embeddings[planted.rows]
            assert np.linalg.norm(pairs[:half] - pairs[half:], axis=1).max() < 0.3
