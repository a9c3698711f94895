"""Columns that matter stay at any width; others are left out, widest texts folded first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insight_dagster.commands.column_widths import fitting_widths

CELLS = {
    "id": ["0e50a49e248e98c5"],
    "class": ["playing basketball"],
    "kind": ["over_represented"],
    "what": ["36 of 78 rock climbing clips are taken for abseiling; " * 3],
    "clips": ["155"],
    "severity": ["0.418"],
}


@pytest.mark.parametrize(
    ("room", "shown"),
    [
        (79, ["id", "class", "kind", "what"]),
        (400, list(CELLS)),
        (20, ["id"]),
        (5, ["id"]),
    ],
)
def test_the_first_columns_are_kept(room, shown):
    widths = fitting_widths(CELLS, {"clips", "severity"}, room=room, gap=3)
    assert list(widths) == shown
    assert room < 20 or sum(widths.values()) + 3 * len(widths) <= room


def test_nothing_is_folded_where_there_is_room():
    widths = fitting_widths(CELLS, (), room=1000, gap=3)
    assert widths == {name: max(len(name), len(texts[0])) for name, texts in CELLS.items()}


@given(st.integers(30, 300), st.lists(st.text("ab 高", max_size=90), min_size=1, max_size=7))
def test_a_table_is_never_wider_than_the_terminal(room, texts):
    cells = {f"c{number}": [text] for number, text in enumerate(texts)}
    widths = fitting_widths(cells, (), room=room, gap=3)
    assert sum(widths.values()) + 3 * len(widths) <= room
    assert next(iter(widths)) == "c0"
