"""The ledger: identities over runs, what became of them, nothing added where nothing changed."""

from dataclasses import replace
from datetime import datetime

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from insight_dagster.analysis.insights.history.ledger import next_lines
from insight_dagster.tables.follow_up import LedgerLine

NOW = datetime(2026, 1, 2)


def insight(name, clips, *, severity=0.3, kind="low_performance", **changed):
    line = LedgerLine(
        ledger_id=name, insight_id=name, run_id="", recorded_at=NOW, sequence=None, status="born",
        class_name="disc", kind=kind, population="all", other_class=None, size=len(clips),
        effect=1.0, severity=severity, q_value=0.01, accuracy=0.5, model_fingerprint="m",
        space_id="s", clip_ids=tuple(str(clip) for clip in clips),
    )  # fmt: skip
    return replace(line, **changed)


def run(earlier, present, number):
    """The last lines after one more run, and what it added."""
    added = next_lines(list(earlier.values()), present, run_id=f"run{number}", recorded_at=NOW)
    return {**earlier, **{line.ledger_id: line for line in added}}, added


def statuses(added):
    return {line.ledger_id: line.status for line in added}


def test_a_life_from_birth_to_return():
    known, added = run({}, [insight("a", range(20))], 0)
    assert statuses(added) == {"a": "born"}
    known, added = run(known, [insight("a", range(20))], 1)
    assert added == []
    known, added = run(known, [insight("b", range(24))], 2)
    assert statuses(added) == {"a": "growing"}
    assert added[0].insight_id == "b"
    known, added = run(known, [insight("c", range(5, 22))], 3)
    assert statuses(added) == {"a": "shrinking"}
    known, added = run(known, [insight("d", range(5, 23))], 4)
    assert statuses(added) == {"a": "steady"}
    known, added = run(known, [insight("e", range(5, 23), severity=0.4)], 5)
    assert statuses(added) == {"a": "regressed"}
    known, added = run(known, [], 6)
    assert statuses(added) == {"a": "resolved"}
    assert (added[0].size, added[0].insight_id) == (0, None)
    known, added = run(known, [], 7)
    assert added == []
    _, added = run(known, [insight("f", range(5, 25))], 8)
    assert statuses(added) == {"a": "regressed"}


def test_other_kinds_and_other_clips_are_other_insights():
    known, _ = run({}, [insight("a", range(20))], 0)
    present = [insight("b", range(20), kind="over_represented"), insight("c", range(30, 50))]
    _, added = run(known, present, 1)
    assert statuses(added) == {"a": "resolved", "b": "born", "c": "born"}


def test_a_new_model_is_a_change():
    known, _ = run({}, [insight("a", range(20))], 0)
    _, added = run(known, [insight("a", range(20), model_fingerprint="n")], 1)
    assert statuses(added) == {"a": "steady"}


def test_two_that_could_be_either_keep_their_own():
    known, _ = run({}, [insight("a", range(20)), insight("b", range(10, 30))], 0)
    present = [insight("c", [*range(9, 30)]), insight("d", [*range(21)])]
    _, added = run(known, present, 1)
    assert {line.insight_id: line.ledger_id for line in added} == {"c": "b", "d": "a"}


@given(st.lists(st.sets(st.integers(0, 60), min_size=4, max_size=20), min_size=1, max_size=5),
       st.integers(0, 1000))  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_identities_are_one_to_one_and_do_not_depend_on_the_order(groups, seed):
    rng = np.random.default_rng(seed)
    before = [insight(f"old{n}", sorted(group)) for n, group in enumerate(groups)]
    known, _ = run({}, before, 0)
    moved = [sorted(group | {int(rng.integers(0, 60))}) for group in groups]
    after = [insight(f"new{n}", group) for n, group in enumerate(moved)]
    _, added = run(known, after, 1)
    given_out = [line.ledger_id for line in added if line.insight_id]
    assert len(given_out) == len(set(given_out))
    assert len(known) == len(groups)
