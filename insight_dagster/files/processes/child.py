"""The parent's side of a child process: start it, ask it within a time limit, and end it.

The child's side is `request_loop`.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path

_STARTUP_SECONDS = 60.0
_ENDING_SECONDS = 1.0
_ENDED = os.WEXITED | os.WNOWAIT | os.WNOHANG
"""Asks without reaping the process: its number stays taken."""


class Child:
    """A process of this interpreter that runs one of our modules, within limits.

    It is a new interpreter and no fork, so that threads of this program do no harm. It has the
    search paths of this program's environment and none of its secrets, no terminal, and a process
    group of its own, all of which `end` kills. It ends when this program ends, however it ends.

    Args:
        module: run with `python -m`; it calls `request_loop.answer_requests`.
        memory_mib: limit on its private memory.
        inherited: descriptors that stay open in it; `request_loop.inherited` returns them.
        environment: variables to add.
    """

    def __init__(
        self,
        module: str,
        *,
        memory_mib: int,
        inherited: Sequence[int] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        ours, theirs = socket.socketpair()
        closed_with_us, self._lifeline = os.pipe()
        descriptors = (theirs.fileno(), closed_with_us, *inherited)
        try:
            self._process = subprocess.Popen(  # noqa: S603 - this interpreter, our own module
                [sys.executable, "-m", module, str(memory_mib << 20), *map(str, descriptors)],
                pass_fds=descriptors,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**_search_paths(), **(environment or {})},
                start_new_session=True,
            )
        except BaseException:
            ours.close()
            os.close(self._lifeline)
            raise
        finally:
            theirs.close()
            os.close(closed_with_us)
        self._pipe = Connection(ours.detach())
        self._started = False
        self._expired = False

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """How the process ended, negative for a signal; None while that is not known."""
        return self._process.returncode

    @property
    def has_ended(self) -> bool:
        """Whether the process has ended; somebody may have killed it while it had nothing to do."""
        return self.exit_code is not None or os.waitid(os.P_PID, self.pid, _ENDED) is not None

    def ask(self, request: bytes, *, seconds: float, longest: int) -> bytes:
        """Return the answer to a request.

        Args:
            request: to send.
            seconds: wall-clock limit on sending, computing and receiving; at the limit the process
                is killed. The first request has a minute more, for the start.
            longest: most bytes of an answer.

        Raises:
            TimeoutError: the limit was reached.
            ChildProcessError: the process ended, or its answer was too long; the message is how.
        """
        clock = threading.Timer(seconds + (0 if self._started else _STARTUP_SECONDS), self._expire)
        clock.daemon = True
        clock.start()
        problem: Exception | None = None
        how = ""
        try:
            self._pipe.send_bytes(request)
            answer = self._pipe.recv_bytes(longest)
        except (EOFError, ConnectionError) as error:
            problem, how = error, self._exit_reason()
        except OSError as error:
            problem, how = error, f"an answer of more than {longest} bytes"
        finally:
            clock.cancel()
            clock.join()  # so that it cannot end the next request
        if self._expired:
            raise TimeoutError(f"longer than {seconds:g} s") from problem
        if problem is not None:
            raise ChildProcessError(how) from problem
        self._started = True
        return answer

    def end(self) -> None:
        """End the process and its group immediately; calling it again does nothing."""
        if self._pipe.closed:
            return
        self._kill()
        self._process.wait()
        self._pipe.close()
        os.close(self._lifeline)

    def _expire(self) -> None:
        self._expired = True
        self._kill()

    def _kill(self) -> None:
        if self._process.returncode is None:  # else its number may belong to another process
            os.killpg(self._process.pid, signal.SIGKILL)

    def _exit_reason(self) -> str:
        """Return how a process ended that closed its pipe; kill what is left of its group."""
        deadline = time.monotonic() + _ENDING_SECONDS
        while time.monotonic() < deadline and not self.has_ended:
            time.sleep(0.005)
        self._kill()
        code = self._process.wait()
        return f"signal {-code}" if code < 0 else f"exit status {code}"


def _search_paths() -> dict[str, str]:
    """Return the search paths of this program's environment, without its secrets."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return {**kept, "PYTHONPATH": python_path(), "OMP_NUM_THREADS": "1"}


def python_path() -> str:
    """Return PYTHONPATH for a process that imports what this one imports, from any folder."""
    return os.pathsep.join(path or str(Path.cwd()) for path in sys.path)
