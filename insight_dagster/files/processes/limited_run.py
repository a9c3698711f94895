"""Running a program of the user's until it exits or a time limit ends it."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO

from insight_dagster.files.visible_text import visible

_POLL_SECONDS = 0.05
_TAIL_BYTES = 400
_CHUNK_BYTES = 1 << 16


def run_limited(
    command: Sequence[str], text: bytes, *, seconds: float, environment: Mapping[str, str]
) -> str | None:
    """Run a program; return why it did not succeed, None where it exits with status 0.

    What it prints is discarded, up to the end of its standard error, which may be any bytes. Only
    the program itself is waited for: one that it leaves in the background may keep its outputs
    open. At the time limit the program and what it started are killed.

    Args:
        command: program and arguments.
        text: its standard input.
        seconds: time limit.
        environment: its variables.
    """
    with tempfile.TemporaryFile() as given:  # a file, because the program need not read it
        given.write(text)
        given.seek(0)
        try:
            program = subprocess.Popen(  # noqa: S603 - a list, no shell
                list(command),
                stdin=given,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env=dict(environment),
                start_new_session=True,
            )
        except (OSError, ValueError) as problem:
            return str(problem)
    return _reason(program, seconds)


def _reason(program: subprocess.Popen[bytes], seconds: float) -> str | None:
    """Wait for a program; return why it did not succeed."""
    assert program.stderr is not None  # noqa: S101 - for the type checker
    with program.stderr as errors:
        tail = _wait(program, errors, seconds)
    if program.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(program.pid, signal.SIGKILL)
        program.wait()
        return f"timed out after {seconds:g} s"
    if not program.returncode:
        return None
    code = program.returncode
    how = f"ended with {code}" if code > 0 else f"was ended by signal {-code}"
    shown = visible(" ".join(tail.decode(errors="replace").split())[-200:])
    return f"{how}: {shown}" if shown else how


def _wait(program: subprocess.Popen[bytes], errors: IO[bytes], seconds: float) -> bytes:
    """Wait until a program exits or the time is over; return the end of its standard error."""
    deadline, tail, reading = time.monotonic() + seconds, b"", True
    with selectors.DefaultSelector() as selector:
        selector.register(errors, selectors.EVENT_READ)
        while True:
            exited = program.poll() is not None  # before reading, so that its last words are read
            if reading and selector.select(0 if exited else _POLL_SECONDS):
                chunk = os.read(errors.fileno(), _CHUNK_BYTES)
                tail, reading = (tail + chunk)[-_TAIL_BYTES:], bool(chunk)
            elif exited:
                return tail
            elif not reading:
                time.sleep(_POLL_SECONDS)
            if time.monotonic() > deadline:
                return tail
