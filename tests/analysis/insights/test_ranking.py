"""Ranking: repeats become one finding."""

from dataclasses import replace

import numpy as np

from insight_dagster.analysis.insights.finding import Finding
from insight_dagster.analysis.insights.ranking import merge_repeats


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
