"""Programs that run side by side: a signal, a failure or a kill ends all of them."""

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.support.running import runs, wait_until

SUPERVISOR = """
import subprocess, sys
from insight_dagster.files.processes.programs import Programs
try:
    with Programs(ending_seconds=float(sys.argv[1])) as programs:
        for name, code in zip("abcdef", sys.argv[2:]):
            programs.start(name, [sys.executable, "-c", code])
        programs.wait()
except ChildProcessError as problem:
    sys.exit(str(problem))
"""
# Each prints its process, and that of a process of its own.
POLITE = """
import os, subprocess, time
other = subprocess.Popen(["sleep", "600"])
os.write(1, f"{os.getpid()} {other.pid}\\n".encode())  # in one piece
time.sleep(600)
"""
STUBBORN = (
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "signal.signal(signal.SIGINT, signal.SIG_IGN)" + POLITE
)
FAILING = "import sys, time; print(0, 0, flush=True); time.sleep(1); sys.exit(3)"


def supervise(*programs, ending_seconds=30, in_background=False):
    """Start programs; return their supervisor and every process of theirs."""
    command = [sys.executable, "-c", SUPERVISOR, str(ending_seconds), *programs]
    # A shell without job control starts what is in the background with SIGINT ignored.
    before = (lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)) if in_background else None
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    supervisor = subprocess.Popen(command, **pipes, preexec_fn=before)  # noqa: PLW1509
    processes = [int(word) for _ in programs for word in supervisor.stdout.readline().split()]
    return supervisor, [process for process in processes if process]


def all_ended(processes):
    return wait_until(lambda: not any(runs(process) for process in processes))


@pytest.mark.parametrize("in_background", [False, True])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_all(number, in_background):
    supervisor, processes = supervise(POLITE, POLITE, in_background=in_background)
    assert len(processes) == 4, processes
    assert all(map(runs, processes))
    os.kill(supervisor.pid, number)
    assert supervisor.wait(30) == 0
    assert all_ended(processes)


def test_what_ignores_the_signal_is_killed():
    supervisor, processes = supervise(POLITE, STUBBORN, ending_seconds=0.5)
    supervisor.terminate()
    assert supervisor.wait(30) == 0
    assert all_ended(processes)


def test_a_second_signal_kills_at_once():
    supervisor, processes = supervise(STUBBORN, ending_seconds=600)
    supervisor.terminate()
    time.sleep(0.5)
    assert supervisor.poll() is None
    supervisor.terminate()
    assert supervisor.wait(30) == 0
    assert all_ended(processes)


def test_one_that_ends_by_itself_ends_all():
    supervisor, processes = supervise(POLITE, FAILING)
    assert supervisor.wait(30) == 1
    assert "the b ended with 3" in supervisor.stderr.read()
    assert all_ended(processes)


def test_none_outlives_a_killed_supervisor():
    supervisor, (program, _) = supervise(POLITE)
    supervisor.kill()
    supervisor.wait()
    assert all_ended([program])
