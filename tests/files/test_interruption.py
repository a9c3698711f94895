"""A signal ends a command at once, with nothing left behind; a second one at any rate."""

import signal
from pathlib import Path

import psutil
import pytest

from insight_dagster.database import Database
from insight_dagster.database.locks.file_locks import hold_lock
from insight_dagster.files.interruption import SIGNALS, interruptible
from tests.support.signalled import Insight, drafts_in

PREPARE = """
import ctypes, subprocess, sys, time
from pathlib import Path
from insight_dagster.files.interruption import (
    end_on_signals, interruptible, on_interrupt, restore_default_signals, uninterrupted)
end_on_signals()
folder = Path(sys.argv[1])
def begun(): (folder / "begun").touch()
@interruptible("`this` continues")
def command():
"""
LINE = "interrupted; `this` continues"


def command(folder: Path, *lines: str, ignored: bool = False) -> Insight:
    """Return a running process whose command executes some lines, after it has begun."""
    body = "".join(f"    {line}\n" for line in lines)
    started = Insight(str(folder), code=f"{PREPARE}{body}command()", ignored=ignored)
    started.wait_until((folder / "begun").exists)
    return started


@pytest.mark.parametrize("number", SIGNALS, ids=lambda each: each.name)
@pytest.mark.parametrize(
    "work",
    ["time.sleep(60)", "ctypes.CDLL(None).sleep(60)", "subprocess.run(['sleep', '60'])"],
    ids=["python", "native", "process"],
)
def test_one_signal_ends_the_command(tmp_path, number, work):
    ended = command(tmp_path, "begun()", work).end(number)
    assert ended.status == 128 + number
    assert ended.errors == [LINE]
    assert not ended.orphans


@pytest.mark.parametrize("number", SIGNALS, ids=lambda each: each.name)
def test_a_second_signal_ends_a_call_that_lets_no_python_code_run(tmp_path, number):
    stuck = command(tmp_path, "begun()", "ctypes.PyDLL(None).sleep(60)")
    ended = stuck.end(number, number, pause=0.5)
    assert ended.status == -number
    assert ended.seconds < 10


def test_a_second_signal_ends_a_cleanup_that_hangs(tmp_path):
    hangs = command(
        tmp_path, "with on_interrupt(lambda: time.sleep(60)):", "    begun(); time.sleep(60)"
    )
    assert hangs.end(signal.SIGINT, signal.SIGTERM, pause=0.5).status == -signal.SIGTERM


def test_a_cleanup_that_fails_does_not_keep_the_others(tmp_path):
    fails = command(
        tmp_path,
        "with on_interrupt((folder / 'undone').touch), on_interrupt(lambda: 1 / 0):",
        "    with on_interrupt((folder / 'first').touch):",
        "        begun(); time.sleep(60)",
    )
    assert fails.end(signal.SIGTERM).status == 128 + signal.SIGTERM
    assert (tmp_path / "first").exists() and (tmp_path / "undone").exists()


def test_what_is_undone_already_is_not_undone_again(tmp_path):
    done = command(
        tmp_path, "with on_interrupt((folder / 'undone').touch): pass", "begun(); time.sleep(60)"
    )
    done.end(signal.SIGINT)
    assert not (tmp_path / "undone").exists()


def test_a_transaction_in_progress_ends_and_the_next_never_begins(tmp_path):
    done = command(
        tmp_path,
        "with uninterrupted():",
        "    begun(); time.sleep(1); (folder / 'first').touch()",
        "with uninterrupted():",
        "    (folder / 'second').touch()",
    )
    assert done.end(signal.SIGTERM).status == 128 + signal.SIGTERM
    assert (tmp_path / "first").exists()
    assert not (tmp_path / "second").exists()


def test_drafts_are_removed_while_they_are_written(tmp_path):
    writes = command(
        tmp_path,
        "from insight_dagster.files.atomic import draft_folder, write_atomically",
        "with draft_folder(folder / 'report') as draft:",
        "    (draft / 'deep').mkdir()",
        "    def save(path):",
        "        path.touch(); begun()",
        "        for n in range(10**9): (draft / 'deep' / str(n)).touch()",
        "    write_atomically(folder / 'file', save)",
    )
    assert writes.end(signal.SIGINT).status == 128 + signal.SIGINT
    assert not drafts_in(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"begun"}


def test_a_command_that_waits_for_the_database_ends(tmp_path):
    database = Database(tmp_path / "insight.duckdb")
    database.write()
    with hold_lock(database.path, read_only=False, seconds=5):
        waits = command(
            tmp_path,
            "from insight_dagster.database import Database",
            "begun(); Database(folder / 'insight.duckdb').write()",
        )
        assert waits.end(signal.SIGINT).errors == [LINE]


def test_what_a_script_starts_in_the_background_ends_on_sigterm_only(tmp_path):
    """A shell lets such a program ignore Ctrl-C, which is meant for the script."""
    background = command(tmp_path, "begun()", "time.sleep(60)", ignored=True)
    ended = background.end(signal.SIGINT, signal.SIGTERM, pause=0.5)
    assert ended.status == 128 + signal.SIGTERM
    assert ended.errors == [LINE]


def test_a_command_that_serves_ends_by_itself(tmp_path):
    serves = Insight(
        str(tmp_path),
        code=f"{PREPARE}    pass\nrestore_default_signals()\n"
        "try:\n    begun(); time.sleep(60)\nexcept KeyboardInterrupt: sys.exit(5)",
    )
    serves.wait_until((tmp_path / "begun").exists)
    assert serves.end(signal.SIGINT).status == 5


def test_results_and_exceptions_of_a_command_are_its_own():
    assert interruptible()(divmod)(7, 2) == (3, 1)
    with pytest.raises(SystemExit) as left:
        interruptible()(exit)(7)
    assert left.value.code == 7


def test_a_signal_while_libraries_are_imported(tmp_path):
    """`insight doctor` imports torch, whose loading no Python code interrupts."""
    doctor = Insight("doctor", "--home", str(tmp_path))
    process = psutil.Process(doctor.process.pid)
    doctor.wait_until(lambda: any("libtorch" in each.path for each in process.memory_maps()))
    ended = doctor.end(signal.SIGTERM)
    assert (ended.status, ended.errors) == (128 + signal.SIGTERM, ["interrupted"])
