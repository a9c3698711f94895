"""Text from outside is shown without anything that controls a terminal or hides something."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insight_dagster.errors import InsightError
from insight_dagster.files.visible_text import visible, visible_lines


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("evil\x1b[2J\x07.mp4", r"evil\x1b[2J\x07.mp4"),
        ("two\nlines\tand\r", r"two\nlines\tand\r"),
        ("\x9b31m", r"\x9b31m"),
        ("a\u202eb\u2066c\u200bd\ufeff", r"a\u202eb\u2066c\u200bd\ufeff"),
        ("\u2028\u2029", r"\u2028\u2029"),
        ("byte \udcff", r"byte \udcff"),
        ("tag \U000e0041", r"tag \U000e0041"),
        ("高い山 é C:\\new [red] ", "高い山 é C:\\new [red] "),
    ],
)
def test_what_is_not_seen_is_escaped_and_the_rest_is_kept(text, shown):
    assert visible(text) == shown
    assert visible(shown) == shown


@given(st.text(st.characters(codec=None)))
def test_nothing_is_left_that_a_terminal_obeys(text):
    left = {unicodedata.category(char) for char in visible(text)}
    assert not left & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    visible(text).encode()


def test_lines_are_kept_where_they_are_wanted():
    assert visible_lines("one\ntwo\x1b") == "one\ntwo\\x1b"


def test_an_error_quotes_names_escaped():
    assert (
        str(InsightError("no file a\x1b]0;b\x07\nerror: c")) == r"no file a\x1b]0;b\x07\nerror: c"
    )
