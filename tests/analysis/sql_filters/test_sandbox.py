"""SQL filters: they select, they see nothing but the clips, and a bad one is a clear error."""

import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from insight_dagster.analysis.sql_filters import matching, sandbox
from insight_dagster.errors import SettingsError
from tests.support.running import runs, wait_until

CLIPS = pa.table({
    "clip_id": ["c", "a", "b", "d"], "loss": [0.5, 2.0, None, 0.1],
    "split": ["val", "train", "val", "val"],
})  # fmt: skip


@pytest.fixture(scope="module")
def opened():
    with sandbox(CLIPS, memory_mib=512) as opened:
        yield opened


def process_of(opened):
    opened.evaluate("true", seconds=60)
    return opened._child.pid


def test_a_filter_keeps_the_order_of_the_clips_and_knows_null(opened):
    def select(condition):
        return matching(opened, condition, name="mine", seconds=60)

    np.testing.assert_array_equal(select("loss > 0.3"), [1, 1, np.nan, 0])
    np.testing.assert_array_equal(
        select("split = 'val' and loss < 1 -- the easy ones"), [1, 0, np.nan, 1]
    )
    np.testing.assert_array_equal(
        select("clip_id in (select clip_id from clips where loss > 1)"), [0, 1, 0, 0]
    )
    np.testing.assert_array_equal(select("NULL::boolean"), [np.nan] * 4)


def test_a_table_without_clips_has_no_matches():
    with sandbox(CLIPS.slice(0, 0)) as empty:
        assert matching(empty, "loss > 1", name="mine", seconds=60).shape == (0,)


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        ("losss > 1", "losss"),
        ("loss >", "syntax error"),
        ("", "syntax error"),
        ("loss", "not true or false"),
        ("true) as x, (true", "more than a condition"),
        ("unnest([true, false])", "more than a condition"),
        ("any_value(loss > 1)", "GROUP BY"),
        ("true); drop table clips; --", "cannot be used"),
        ("true) from clips; select (true", "cannot be used"),
        ("true) from range(3); --", "cannot be used"),
        ("exists (select * from read_csv('/etc/passwd'))", "disabled"),
        ("exists (select * from '/etc/passwd')", "cannot be used"),
        ("exists (select * from glob('/*'))", "disabled"),
        ("exists (select * from read_text('/etc/hostname'))", "disabled"),
        ("exists (select * from duckdb_secrets())", "disabled"),
        ("exists (select * from given)", "does not exist"),
        ("exists (select * from clips_in_python)", "does not exist"),
        ("exists (select * from rows)", "does not exist"),
        ("getenv('HOME') = 'x'", "cannot be used"),
        ("exists (select * from 'http://127.0.0.1:9/x.csv')", "cannot be used"),
        ("exists (copy clips to '/tmp/x.csv')", "syntax error"),
        ("exists (attach '/tmp/x.db')", "syntax error"),
        ("exists (load httpfs)", "syntax error"),
        ("exists (pragma database_list)", "syntax error"),
        ("exists (set lock_configuration = false)", "syntax error"),
        ("1 = 1); set threads = 8; select (1 = 1", "cannot be used"),
        ("\ud800 = 'x'", "cannot be used"),
    ],
)
def test_what_is_no_plain_condition_is_refused(opened, condition, reason):
    clips_in_python = CLIPS
    before = process_of(opened)
    with pytest.raises(SettingsError, match=reason) as told:
        matching(opened, condition, name="mine", seconds=60)
    assert "'mine'" in str(told.value)
    assert len(clips_in_python) == 4
    assert process_of(opened) == before, "the process is kept"
    assert matching(opened, "loss > 1", name="x", seconds=60)[1] == 1, "filters are independent"


@pytest.mark.parametrize(
    "condition",
    [
        "(select count(*) from range(10000000000) a, range(1000) b) > 1",
        "levenshtein(repeat(clip_id, 40000), repeat('b', 600000)) > 0",  # one function call
        "(with recursive t as (select 1 n union all select n + 1 from t) select sum(n) from t) = 1",
    ],
)
def test_a_filter_that_never_ends_is_ended(opened, condition):
    before, start = process_of(opened), time.monotonic()
    with pytest.raises(SettingsError, match=r"'mine'.*longer than 0\.3 s.*filter_seconds"):
        matching(opened, condition, name="mine", seconds=0.3)
    assert time.monotonic() - start < 30
    assert not runs(before)
    assert matching(opened, "loss > 1", name="x", seconds=60)[1] == 1, "a new process is started"


@pytest.mark.parametrize(
    "condition",
    [
        "(select len(list(a.range)) from range(2000000000) a) > 1",
        "length(repeat('abcdefgh', 200000000)) > 0",
        "len(list_transform(range(100000000), lambda x: repeat('a', 1000))) > 1",
        "(select length(string_agg(repeat('a', 1000000), '')) from range(5000)) > 0",
    ],
)
def test_a_filter_that_wants_all_memory_is_refused(opened, condition):
    with pytest.raises(
        SettingsError, match=r"'mine'.*512.*filter_memory_mib|filter_memory_mib.*512"
    ):
        matching(opened, condition, name="mine", seconds=60)
    assert matching(opened, "loss > 1", name="x", seconds=60)[1] == 1


@pytest.mark.parametrize(
    ("ended_by", "reason"),
    [
        (signal.SIGSEGV, r"ended \(signal 11\), perhaps for want of memory.*filter_memory_mib"),
        (signal.SIGTERM, r"ended \(signal 15\); simplify it$"),
        (signal.SIGXCPU, r"takes longer than 60 s.*filter_seconds$"),
    ],
)
def test_a_crash_costs_its_filter(opened, ended_by, reason):
    child = process_of(opened)
    os.kill(child, ended_by)
    with pytest.raises(SettingsError, match=f"'mine'.*{reason}"):
        matching(opened, "loss > 1", name="mine", seconds=60)
    assert matching(opened, "loss > 1", name="x", seconds=60)[1] == 1


@pytest.mark.parametrize(
    "answer", [b"", b"=", b"=\1\1\1", b"=\1\1\1\3", b"=\1\1\1\1\1", b"?", b"\1\1\1\1"]
)
def test_an_answer_that_is_no_mask_is_refused(opened, monkeypatch, answer):
    takes_over = SimpleNamespace(ask=lambda *_, **__: answer, end=lambda: None)
    monkeypatch.setattr(opened, "_child", takes_over)
    with pytest.raises(SettingsError, match="damaged answer"):
        matching(opened, "loss > 1", name="mine", seconds=60)


def test_a_long_condition_is_shortened_in_the_error(opened):
    with pytest.raises(SettingsError) as told:
        matching(opened, "loss >\n" + " or losss > 1" * 10_000, name="mine", seconds=60)
    assert len(str(told.value)) < 1000 and "\n" not in str(told.value)


def test_clips_that_do_not_fit_are_refused():
    large = pa.table({"text": pa.array(["x" * 1_000_000]).take(pa.array([0] * 300))})
    with (
        sandbox(large, memory_mib=256) as opened,
        pytest.raises(SettingsError, match=r"300 clips.*cannot be loaded.*filter_memory_mib"),
    ):
        matching(opened, "true", name="mine", seconds=60)


def test_nothing_of_it_outlives_the_program():
    code = (
        "import pyarrow as pa\n"
        "from insight_dagster.analysis.sql_filters import matching, sandbox\n"
        "with sandbox(pa.table({'a': [1]})) as opened:\n"
        "    opened.evaluate('true', seconds=60)\n"
        "    print(opened._child.pid, flush=True)\n"
        "    opened.evaluate('(select count(*) from range(10000000000000)) > 1', seconds=600)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    child = int(parent.stdout.readline())
    assert runs(child)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert wait_until(lambda: not runs(child))


def test_it_has_no_secrets_and_writes_no_file(opened, monkeypatch):
    monkeypatch.setenv("SOME_TOKEN", "secret")
    opened.close()
    child = process_of(opened)
    with open(f"/proc/{child}/environ", "rb") as environment:  # noqa: PTH123
        assert b"secret" not in environment.read()
    with open(f"/proc/{child}/limits") as limits:  # noqa: PTH123
        (line,) = [line for line in limits if line.startswith("Max file size")]
    assert line.split()[3:5] == ["0", "0"]
