"""Classes as ranges of partitions."""

from hypothesis import given
from hypothesis import strategies as st

from insight_dagster.orchestration.class_ranges import class_ranges

NAMES = list("abcdefgh")


def expanded(pairs, partitions):
    return [partitions[partitions.index(a) : partitions.index(b) + 1] for a, b in pairs]


@given(
    st.lists(st.sampled_from(NAMES), unique=True),
    st.sets(st.sampled_from(NAMES)),
    st.integers(1, 4),
)
def test_ranges_cover_every_class_once_and_no_other(partitions, wanted, size):
    groups = expanded(class_ranges(sorted(wanted), partitions, size=size), partitions)
    flat = [name for group in groups for name in group]
    assert sorted(flat) == sorted(wanted & set(partitions))
    assert len(flat) == len(set(flat))
    assert all(1 <= len(group) <= size for group in groups)


def test_ranges_are_as_few_as_can_be():
    assert class_ranges(NAMES, NAMES, size=25) == [("a", "h")]
    assert class_ranges(["a", "c", "d", "g"], NAMES, size=25) == [
        ("a", "a"),
        ("c", "d"),
        ("g", "g"),
    ]
    assert class_ranges(NAMES, NAMES, size=3) == [("a", "c"), ("d", "f"), ("g", "h")]
