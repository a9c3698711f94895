"""Programs that are started together, watched, and ended together.

Which programs does not belong here.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import FrameType

_POLL_SECONDS = 0.2
_SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of <linux/prctl.h>


class Programs:
    """Programs that end with this process: by SIGINT, SIGTERM, or if it is killed.

    A context manager of the main thread. Within it SIGINT and SIGTERM only make `wait` return, also
    where a shell started this process in the background, with SIGINT ignored; at its end all
    programs are ended. Each has a process group of its own, so that what it started ends with it. A
    second signal kills them at once.

    Args:
        ending_seconds: time that the programs have to end before they are killed.
    """

    def __init__(self, ending_seconds: float = 10.0) -> None:
        self._ending_seconds = ending_seconds
        self._running: list[tuple[str, subprocess.Popen[bytes]]] = []
        self._signals = 0

    def __enter__(self) -> Programs:
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, self._on_signal)
        return self

    def __exit__(self, *_: object) -> None:
        self._signal_all(signal.SIGTERM)
        deadline = time.monotonic() + self._ending_seconds
        programs = [program for _name, program in self._running]
        while time.monotonic() < deadline and self._signals < 2:
            if all([program.poll() is not None for program in programs]):
                break
            time.sleep(_POLL_SECONDS)
        self._signal_all(signal.SIGKILL)  # also what they started and left behind
        for program in programs:
            program.wait()

    def start(self, name: str, command: Sequence[str]) -> None:
        """Start a program.

        Args:
            name: for `wait`.
            command: program and arguments.
        """
        program = subprocess.Popen(  # noqa: S603 - a list, no shell
            command,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_end_with_parent,  # noqa: PLW1509 - no other thread runs yet
        )
        self._running.append((name, program))

    def wait(self, ready: Callable[[], bool] = lambda: False) -> bool:
        """Wait until a function returns true, or this process is told to end.

        Returns:
            Whether the function returned true.

        Raises:
            ChildProcessError: a program ended by itself; the message says which, and how.
        """
        while not self._signals:
            for name, program in self._running:
                if program.poll() is not None:
                    raise ChildProcessError(f"the {name} ended with {program.returncode}")
            if ready():
                return True
            time.sleep(_POLL_SECONDS)
        return False

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._signals += 1

    def _signal_all(self, number: int) -> None:
        for _name, program in self._running:
            with suppress(ProcessLookupError):
                os.killpg(program.pid, number)


def _end_with_parent() -> None:
    """Make the system end this process when its parent ends."""
    ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)
