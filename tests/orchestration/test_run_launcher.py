"""Runs whose process is gone: seen, ended, their places freed."""

import subprocess
import sys
import time

import dagster as dg
import psutil
import pytest

from insight_dagster.orchestration.run_launcher import (
    WatchedRunLauncher,
    end_dead_runs,
    worker_process,
)


@dg.op(pool="gpu")
def hold():
    time.sleep(60)


@dg.job
def holding():
    hold()


RUN = """
import sys, dagster as dg
from tests.orchestration.test_run_launcher import holding
with dg.DagsterInstance.from_config(sys.argv[1]) as instance:
    holding.execute_in_process(instance=instance)
"""
CONFIG = """
run_launcher: {module: insight_dagster.orchestration.run_launcher, class: WatchedRunLauncher}
concurrency: {pools: {granularity: op, default_limit: 1}}
telemetry: {enabled: false}
"""


@pytest.fixture
def home(tmp_path):
    (tmp_path / "dagster.yaml").write_text(CONFIG)
    return tmp_path


def start(home, instance):
    """A run in a process of its own that holds a place in the pool."""
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, str(home)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        info = instance.event_log_storage.get_concurrency_info("gpu")
        if info.active_slot_count:
            return process
        assert process.poll() is None
        time.sleep(0.2)
    raise AssertionError("the run did not start")


def test_a_killed_run_is_seen_and_gives_its_place_back(home, monkeypatch):
    with dg.DagsterInstance.from_config(str(home)) as instance:
        process = start(home, instance)
        (run,) = instance.get_runs()
        assert isinstance(instance.run_launcher, WatchedRunLauncher)
        assert worker_process(instance, run)[0] == process.pid
        health = instance.run_launcher.check_run_worker_health
        assert health(run).status.value == "RUNNING"
        # What the kernel calls the time of a process's start moves with a clock that is set.
        began = psutil.boot_time()
        for module in (psutil, psutil._pslinux):
            monkeypatch.setattr(module, "boot_time", lambda: began + 3600)
        (run,) = instance.get_runs()
        assert health(run).status.value == "RUNNING"
        assert end_dead_runs(instance) == []
        process.kill()
        process.wait()
        assert health(run).status.value == "FAILED"
        assert end_dead_runs(instance) == [run.run_id]
        assert instance.get_run_by_id(run.run_id).status == dg.DagsterRunStatus.FAILURE
        assert instance.event_log_storage.get_concurrency_info("gpu").active_slot_count == 0
        assert end_dead_runs(instance) == []
