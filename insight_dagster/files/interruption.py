"""Ending the program on a signal: at once, and with nothing left behind.

Python runs a signal's handler in the main thread, and only between two of its own instructions: a
command that computes there receives the signal when the call into a library returns, and Dagster,
which raises it as an exception, treats the interrupted step as failed. So a long command runs in a
thread of its own (`interruptible`), and the main thread waits. On the first signal the main
thread lets transactions in progress end (`uninterrupted`), undoes what would be left behind
(`on_interrupt`), ends the program's processes and exits with status 128 + the signal's number. A
second signal ends the program immediately, even inside a call that lets no Python code run.

What is to be undone does not belong here: whoever makes it says so.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from functools import partial, wraps
from typing import ParamSpec, TypeVar

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")
Cleanup = Callable[[], object]

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""The signals that end the program. One that was ignored when it was started stays ignored."""

PATIENCE_SECONDS = 3.0
"""Longest wait for transactions in progress, and for the cleanups."""


class _State:
    """What the end of the program has to wait for and to undo."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.busy: set[object] = set()
        self.cleanups: dict[object, Cleanup] = {}
        self.ending = False
        self.advice = ""

    def add(self, to: Callable[[object], object]) -> object:
        """Add an entry; block for good if the program is ending."""
        token = object()
        with self.changed:
            self.changed.wait_for(lambda: not self.ending)
            to(token)
        return token

    def wait_until_idle(self) -> None:
        """Begin the end: nothing is added from now on; wait for what is in progress."""
        with self.changed:
            self.ending = True
            self.changed.wait_for(lambda: not self.busy, timeout=PATIENCE_SECONDS)


_state = _State()


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Keep the program from ending inside the block, for a few seconds at most.

    For short blocks that should be done whole, such as a transaction. A block that has not begun
    when the program is ending never begins.
    """
    token = _state.add(_state.busy.add)
    try:
        yield
    finally:
        with _state.changed:
            _state.busy.discard(token)
            _state.changed.notify_all()


@contextmanager
def on_interrupt(cleanup: Cleanup) -> Iterator[None]:
    """Call `cleanup` if a signal ends the program inside the block.

    It is called in the main thread, while the block may still be running in another one.
    """
    token = _state.add(lambda token: _state.cleanups.update({token: cleanup}))
    try:
        yield
    finally:
        _state.cleanups.pop(token, None)


def interruptible(
    advice: str = "",
) -> Callable[[Callable[_Parameters, _Result]], Callable[_Parameters, _Result]]:
    """Return a decorator for commands that take long: signals end them at once.

    Args:
        advice: what to do after an interruption, as the end of a sentence.
    """

    def decorate(command: Callable[_Parameters, _Result]) -> Callable[_Parameters, _Result]:
        @wraps(command)
        def run(*args: _Parameters.args, **kwargs: _Parameters.kwargs) -> _Result:
            if threading.current_thread() is not threading.main_thread():
                return command(*args, **kwargs)
            _state.advice = advice
            return _in_thread(partial(command, *args, **kwargs))

        return run

    return decorate


def end_on_signals() -> None:
    """End the program on the signals of `SIGNALS` from now on."""
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda number, _: _end(number))
            _reset_when_received(number)


def restore_default_signals() -> None:
    """Leave signals to a command that ends by itself when it receives one."""
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _in_thread(action: Callable[[], _Result]) -> _Result:
    done = Future[_Result]()

    def work() -> None:
        try:
            done.set_result(action())
        except BaseException as problem:  # raised again in the main thread
            done.set_exception(problem)

    threading.Thread(target=work, name="command", daemon=True).start()
    return done.result()


def _end(number: int) -> None:
    """End the program for a signal."""
    for each in SIGNALS:
        if signal.getsignal(each) is not signal.SIG_IGN:
            signal.signal(each, signal.SIG_DFL)  # so that a second one ends it immediately
    cleaning = threading.Thread(target=_clean_up, daemon=True)
    cleaning.start()
    cleaning.join(2 * PATIENCE_SECONDS)
    line = "interrupted; " + _state.advice if _state.advice else "interrupted"
    with suppress(OSError, ValueError):  # the terminal may be gone
        os.write(2, f"{line}\n".encode())
    _kill_children()
    os._exit(128 + number)


def _clean_up() -> None:
    _state.wait_until_idle()
    deadline = time.monotonic() + PATIENCE_SECONDS
    for cleanup in reversed(list(_state.cleanups.values())):
        if time.monotonic() < deadline:
            with suppress(Exception):  # the others are called all the same
                cleanup()


def _kill_children() -> None:
    """Kill the processes that this one started, before its other threads see them end."""
    import psutil

    children = psutil.Process().children(recursive=True)
    sys.setswitchinterval(60)
    for child in children:
        with suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGKILL)


def _reset_when_received(number: int) -> None:
    """Let the system end the program when it receives a signal twice.

    Python's part of a handler waits for the main thread; the system's does not. Without glibc's
    `sysv_signal`, a second signal waits like the first.
    """
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "sysv_signal"):
        return
    for function in (libc.signal, libc.sysv_signal):
        function.restype, function.argtypes = ctypes.c_void_p, (ctypes.c_int, ctypes.c_void_p)
    libc.sysv_signal(number, libc.signal(number, int(signal.SIG_DFL)))
