"""SQL filters: they select, they see nothing but the clips, and a bad one is a clear error."""

import time

import numpy as np
import pyarrow as pa
import pytest

from insight_dagster.analysis.insights.sql_filters import matching, sandbox
from insight_dagster.errors import SettingsError

CLIPS = pa.table({
    "clip_id": ["c", "a", "b", "d"], "loss": [0.5, 2.0, None, 0.1],
    "split": ["val", "train", "val", "val"],
})  # fmt: skip


def select(condition, *, seconds=5.0):
    with sandbox(CLIPS) as connection:
        return matching(connection, condition, name="mine", seconds=seconds)


def test_a_filter_keeps_the_order_of_the_clips_and_knows_null():
    np.testing.assert_array_equal(select("loss > 0.3"), [1, 1, np.nan, 0])
    np.testing.assert_array_equal(
        select("split = 'val' and loss < 1 -- the easy ones"), [1, 0, np.nan, 1]
    )
    np.testing.assert_array_equal(
        select("clip_id in (select clip_id from clips where loss > 1)"), [0, 1, 0, 0]
    )


def test_filters_do_not_disturb_one_another():
    with sandbox(CLIPS) as connection:
        for _ in range(2):
            assert matching(connection, "loss > 1", name="x", seconds=1).sum() != 0
            with pytest.raises(SettingsError):
                matching(connection, "loss >", name="y", seconds=1)


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        ("losss > 1", "losss"),
        ("loss >", "syntax error"),
        ("loss", "not true or false"),
        ("true) as x, (true", "more than a condition"),
        ("true); drop table clips; --", "cannot be used"),
        ("true) from clips; select (true", "cannot be used"),
        ("true) from range(3); --", "cannot be used"),
        ("exists (select * from read_csv('/etc/passwd'))", "disabled"),
        ("exists (select * from '/etc/passwd')", "cannot be used"),
        ("exists (select * from glob('/*'))", "disabled"),
        ("exists (select * from read_text('/etc/hostname'))", "disabled"),
        ("exists (select * from given)", "does not exist"),
        ("exists (select * from clips_in_python)", "does not exist"),
        ("getenv('HOME') = 'x'", "cannot be used"),
        ("exists (select * from 'http://127.0.0.1:9/x.csv')", "cannot be used"),
        ("exists (copy clips to '/tmp/x.csv')", "syntax error"),
        ("exists (attach '/tmp/x.db')", "syntax error"),
        ("exists (pragma database_list)", "syntax error"),
        ("exists (set lock_configuration = false)", "syntax error"),
    ],
)
def test_what_is_no_plain_condition_is_refused(condition, reason):
    clips_in_python = CLIPS
    with pytest.raises(SettingsError, match=reason) as told:
        select(condition)
    assert "'mine'" in str(told.value)
    assert len(clips_in_python) == 4


def test_a_filter_that_never_ends_is_stopped():
    start = time.monotonic()
    with pytest.raises(SettingsError, match=r"longer than 0\.3 s"):
        select("(select count(*) from range(10000000000) a, range(1000) b) > 1", seconds=0.3)
    assert time.monotonic() - start < 10


def test_a_filter_that_wants_all_memory_is_stopped():
    with pytest.raises(SettingsError, match="cannot be used"):
        select("(select len(list(a.range)) from range(2000000000) a) > 1", seconds=20)
