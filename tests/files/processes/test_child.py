"""Child processes: whatever they do, the caller gets an answer or an error in bounded time."""

import os
import time
from pathlib import Path

import pytest

from insight_dagster.files.processes.child import Child
from tests.support.running import runs, wait_until


@pytest.fixture
def child():
    made = Child("tests.support.hostile_child", memory_mib=256)
    made.ask(b"hello", seconds=5, longest=100)  # has started
    yield made
    made.end()


def test_answers_come_back_whatever_their_length(child):
    for request in (b"", b"x", bytes(3_000_000)):
        assert child.ask(request, seconds=30, longest=4_000_000) == request


@pytest.mark.parametrize("request_", [b"hang", b"half"])
def test_the_time_limit_ends_it(child, request_):
    start = time.monotonic()
    with pytest.raises(TimeoutError, match=r"longer than 0\.3 s"):
        child.ask(request_, seconds=0.3, longest=10_000)
    assert 0.3 <= time.monotonic() - start < 30
    assert wait_until(lambda: not runs(child.pid))


def test_a_request_that_is_never_read_reaches_the_time_limit(child):
    os.kill(child.pid, 19)  # SIGSTOP: it reads nothing, and the pipe is full soon
    with pytest.raises(TimeoutError):
        child.ask(bytes(50_000_000), seconds=0.3, longest=100)


def test_an_answer_that_is_too_long_is_an_error(child):
    with pytest.raises(ChildProcessError, match="more than 4999 bytes"):
        child.ask(bytes(5000), seconds=30, longest=4999)


def test_how_it_ended_is_said(child):
    with pytest.raises(ChildProcessError, match="exit status 7"):
        child.ask(b"exit", seconds=30, longest=100)


def test_memory_is_limited(child):
    with pytest.raises(ChildProcessError, match="exit status 1"):  # Python's MemoryError
        child.ask(b"fill", seconds=30, longest=100)


def test_its_own_children_end_with_it(child):
    grandchild = int(child.ask(b"start", seconds=30, longest=100))
    assert runs(grandchild)
    child.end()
    assert wait_until(lambda: not runs(grandchild))
    assert Path(f"/proc/{os.getpid()}").exists()
