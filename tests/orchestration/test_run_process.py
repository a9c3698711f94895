"""The process of a run: told apart from a later one with its id."""

import os
import subprocess
import sys
import time

from insight_dagster.orchestration.run_process import (
    RunProcess,
    process_of_tags,
    process_seen_at,
    process_with,
)


def test_a_process_that_took_over_the_number_is_another():
    own = process_with(os.getpid())
    assert own.is_alive()
    assert not RunProcess(own.pid, own.began - 3600).is_alive()
    assert process_seen_at(os.getpid(), time.time()) == own
    assert process_seen_at(os.getpid(), time.time() - 30 * 24 * 3600) is None


def test_a_process_that_ended_is_not_alive():
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    found = process_with(process.pid)
    assert found.is_alive()
    process.kill()
    assert process.wait() and not found.is_alive()
    assert process_with(process.pid) is None


def test_the_tag_of_a_run_says_nothing_of_the_run_launched_in_its_place():
    process = RunProcess(12, 3.5)
    tags = process.to_tags("first")
    assert process_of_tags("first", tags) == process
    assert process_of_tags("second", tags) is None
    assert process_of_tags("first", {}) is None
