"""Processes that the system lists as holders of a file."""

import os

import pytest

from insight_dagster.database.locks import lock_holders
from insight_dagster.database.locks.lock_holders import describe_holders


@pytest.fixture
def listed(tmp_path, monkeypatch):
    """Write the system's list with one lock of this process, and return what is said of it."""
    file = tmp_path / "insight.duckdb"
    file.write_bytes(b"")
    found = file.stat()
    device = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}"

    def describe(pid, *, device=device, waits=""):
        line = f"1: {waits}POSIX  ADVISORY  WRITE {pid} {device}:{found.st_ino} 0 EOF\n"
        (tmp_path / "locks").write_text(line, encoding="utf-8")
        monkeypatch.setattr(lock_holders, "_SYSTEM_LOCKS", tmp_path / "locks")
        return describe_holders(file, None)

    return describe


def test_who_locked_the_file_is_named(listed):
    assert listed(os.getpid()) == "this process"


def test_a_file_of_another_disk_with_the_same_inode_is_another(listed):
    assert listed(os.getpid(), device="7f:7f") == ""


@pytest.mark.parametrize("pid", [0, -1])
def test_locks_of_no_process_here_name_none(listed, pid):
    assert listed(pid) == ""


def test_who_waits_does_not_hold(listed):
    assert listed(os.getpid(), waits="-> ") == ""
