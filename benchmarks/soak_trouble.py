"""Trouble during a night of the soak: killed processes, and a program that holds the database."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

_HOLD = """
import sys, time, duckdb
path, seconds = sys.argv[1], float(sys.argv[2])
while True:
    try:
        held = duckdb.connect(path)
        break
    except duckdb.Error:
        time.sleep(0.05)
time.sleep(seconds)
"""
_DECODER = "insight_dagster.analysis.decoding.worker"


def start_and_kill(home: Path, seconds: float, settings: Mapping[str, str]) -> bool:
    """Start `insight run` in a process of its own and kill it; return whether it was killed.

    Args:
        home: the home.
        seconds: time from the start to the kill.
        settings: of the home, as environment variables.
    """
    process = subprocess.Popen(  # noqa: S603 - this interpreter, our own command
        [sys.executable, "-m", "insight_dagster", "run", "--home", str(home)],
        env={**os.environ, **settings},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    process.kill()
    return process.wait() == -signal.SIGKILL


@contextmanager
def database_held(database: Path, seconds: float) -> Iterator[None]:
    """Let another program hold the database for a while as soon as it can, during the block."""
    if not database.exists():
        yield
        return
    holder = subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", _HOLD, str(database), str(seconds)]
    )
    try:
        yield
    finally:
        holder.kill()
        holder.wait()


@contextmanager
def decoders_killed(chance: random.Random) -> Iterator[list[int]]:
    """Kill decoding processes of this process at random moments, while the block runs.

    Yields:
        The processes that were killed so far.
    """
    ended, killed, seed = threading.Event(), list[int](), chance.random()

    def kill() -> None:
        moments = random.Random(seed)  # noqa: S311 - moments, not secrets
        while not ended.wait(moments.uniform(0.1, 3)):
            found = decoders()
            if found:
                victim = moments.choice(found)
                with suppress(psutil.Error):
                    victim.kill()
                    killed.append(victim.pid)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield killed
    finally:
        ended.set()
        thread.join()


def decoders() -> list[psutil.Process]:
    """Return the decoding processes of this process."""
    found = []
    for child in psutil.Process().children():
        with suppress(psutil.Error):
            if _DECODER in child.cmdline():
                found.append(child)
    return found
