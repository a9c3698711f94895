"""The child's side of a child process: limits, and a loop that answers requests.

The parent's side is `child`. It passes numbers on the command line: the memory limit in bytes, the
descriptors of the socket and of a pipe that closes when the parent ends, then those that the module
itself asked for.
"""

from __future__ import annotations

import fcntl
import os
import resource
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection


def answer_requests(answer: Callable[[bytes], bytes]) -> None:
    """Limit this process, then answer requests until the pipe closes.

    Args:
        answer: returns the answer to a request.
    """
    pipe, lifeline = (int(word) for word in sys.argv[2:4])
    _end_with(lifeline)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_DATA, (memory_limit(), memory_limit()))
    requests = Connection(pipe)
    while True:
        try:
            request = requests.recv_bytes()
        except EOFError:
            return
        requests.send_bytes(answer(request))


def memory_limit() -> int:
    """Return the limit on this process's private memory in bytes."""
    return int(sys.argv[1])


def inherited() -> list[int]:
    """Return the descriptors that the parent passed for the module itself."""
    return [int(word) for word in sys.argv[4:]]


def _end_with(lifeline: int) -> None:
    """Make the system end this process, even if it hangs, when its parent's end closes the pipe."""
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, -os.getpgrp())
    flags = fcntl.fcntl(lifeline, fcntl.F_GETFL)
    fcntl.fcntl(lifeline, fcntl.F_SETFL, flags | os.O_ASYNC)  # SIGIO, which ends a process
