"""How classes are divided into runs, and what becomes of those that fail."""

import dagster as dg
from hypothesis import given
from hypothesis import strategies as st

from insight_dagster.orchestration.stages import JUDGE, MEASURE, conduct, finished, ranges

NAMES = list("abcdefgh")


def expanded(pairs, partitions):
    return [partitions[partitions.index(a) : partitions.index(b) + 1] for a, b in pairs]


@given(
    st.lists(st.sampled_from(NAMES), unique=True),
    st.sets(st.sampled_from(NAMES)),
    st.integers(1, 4),
)
def test_ranges_cover_every_class_once_and_no_other(partitions, wanted, size):
    groups = expanded(ranges(sorted(wanted), partitions, size=size), partitions)
    flat = [name for group in groups for name in group]
    assert sorted(flat) == sorted(wanted & set(partitions))
    assert len(flat) == len(set(flat))
    assert all(1 <= len(group) <= size for group in groups)


def test_ranges_are_as_few_as_can_be():
    assert ranges(NAMES, NAMES, size=25) == [("a", "h")]
    assert ranges(["a", "c", "d", "g"], NAMES, size=25) == [("a", "a"), ("c", "d"), ("g", "g")]
    assert ranges(NAMES, NAMES, size=3) == [("a", "c"), ("d", "f"), ("g", "h")]


class Launcher:
    """Runs nothing; every run with a class that `breaks` leaves all of its classes undone."""

    def __init__(self, breaks=(), always=()):
        self.breaks, self.always, self.launched = set(breaks), set(always), []

    def __call__(self, pairs):
        self.launched.append(pairs)
        done = set()
        for group in expanded(pairs, NAMES):
            alone = len(group) == 1
            if not (set(group) & self.breaks) or (alone and not set(group) & self.always):
                done |= set(group)
        return done


def test_a_class_that_breaks_a_run_of_many_costs_the_others_a_second_try():
    launcher = Launcher(breaks={"c"})
    assert conduct(MEASURE, NAMES, NAMES, launcher) == []
    assert launcher.launched == [[("a", "h")], [(name, name) for name in NAMES]]


def test_a_class_that_always_fails_is_the_only_one_that_does():
    launcher = Launcher(breaks={"c"}, always={"c"})
    assert conduct(MEASURE, NAMES, NAMES, launcher) == ["c"]


def test_a_class_that_failed_alone_is_not_tried_again():
    launcher = Launcher(breaks={"c"}, always={"c"})
    assert conduct(MEASURE, ["c"], NAMES, launcher) == ["c"]
    assert len(launcher.launched) == 1


def test_a_verdict_is_not_asked_for_twice():
    launcher = Launcher(breaks={"c"}, always={"c"})
    assert conduct(JUDGE, NAMES, NAMES, launcher) == NAMES
    assert len(launcher.launched) == 1


def test_a_class_is_done_when_every_asset_of_the_stage_is():
    def made(asset, partition):
        return dg.AssetMaterialization(asset, partition=partition)

    events = [made(asset, "a") for asset in MEASURE.asset_names]
    events += [made(MEASURE.asset_names[0], "b"), made("something else", "b")]
    assert finished(MEASURE, events) == {"a"}
