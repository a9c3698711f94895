"""Conditions evaluated in a process of their own, with limits on time and memory.

What is sent to the process and how its answers are checked belongs here; evaluating does not
(`evaluation`).
"""

from __future__ import annotations

import json
import math
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pyarrow as pa

from insight_dagster.errors import SettingsError
from insight_dagster.files.processes.child import Child

_MODULE = "insight_dagster.analysis.sql_filters.evaluation"
_LONGEST_REASON = 1 << 16
_SHOWN_CHARACTERS = 200
_LOADING_SECONDS = 60.0
_SHORT_OF_MEMORY = frozenset(
    {"exit status 1"}
    | {f"signal {each.value}" for each in (signal.SIGABRT, signal.SIGKILL, signal.SIGSEGV)}
)
_OUT_OF_TIME = f"signal {signal.SIGXCPU.value}"


class Sandbox:
    """A process that holds the table `clips` alone and evaluates conditions on it.

    It is started with the first condition and, after it was ended at a limit, with the next one.

    Args:
        clips: n rows.
        memory_mib: limit on its private memory.
    """

    def __init__(self, clips: pa.Table, memory_mib: int) -> None:
        self.clips, self.memory_mib = clips, memory_mib
        self._child: Child | None = None

    def evaluate(self, condition: str, *, seconds: float) -> np.ndarray:
        """Return (n,) uint8: 1 where the condition is true, 0 where it is not, 2 where it is NULL.

        Args:
            condition: an SQL expression over the columns.
            seconds: time limit.

        Raises:
            SettingsError: the condition cannot be used; the message is the reason.
        """
        child = self._child or self._start()
        request = json.dumps({"condition": condition, "seconds": math.ceil(seconds)}).encode()
        longest = max(_LONGEST_REASON, self.clips.num_rows + 1)
        try:
            answer = child.ask(request, seconds=seconds, longest=longest)
        except (TimeoutError, ChildProcessError) as problem:
            self.close()
            raise SettingsError(self._why_ended(problem, seconds)) from problem
        return self._checked(answer)

    def close(self) -> None:
        """End the process."""
        child, self._child = self._child, None
        if child:
            child.end()

    def _start(self) -> Child:
        self._child = child = Child(_MODULE, memory_mib=self.memory_mib)
        try:
            child.ask(_as_bytes(self.clips), seconds=_LOADING_SECONDS, longest=1)
        except (TimeoutError, ChildProcessError) as problem:
            self.close()
            raise SettingsError(
                f"{self.clips.num_rows} clips with {self.clips.num_columns} columns cannot be "
                f"loaded to evaluate it ({problem}); raise filter_memory_mib "
                f"(now {self.memory_mib})"
            ) from problem
        return child

    def _why_ended(self, problem: OSError, seconds: float) -> str:
        """Return why a condition has no answer, and what to do."""
        if isinstance(problem, TimeoutError) or str(problem) == _OUT_OF_TIME:
            return f"it takes longer than {seconds:g} s; simplify it, or raise filter_seconds"
        ended = f"the process that evaluated it ended ({problem})"
        if str(problem) not in _SHORT_OF_MEMORY:
            return f"{ended}; simplify it"
        return (
            f"{ended}, perhaps for want of memory; "
            f"simplify it, or raise filter_memory_mib (now {self.memory_mib})"
        )

    def _checked(self, answer: bytes) -> np.ndarray:
        """Return the values in an answer; the process may have been taken over by a condition."""
        if answer == b"m":
            raise SettingsError(
                f"it needs more than {self.memory_mib} MiB of memory; simplify it, or raise "
                "filter_memory_mib"
            )
        if answer[:1] == b"!":
            raise SettingsError(_in_one_line(answer[1:].decode(errors="replace")))
        values = np.frombuffer(answer, np.uint8)[1:]
        if answer[:1] != b"=" or len(values) != self.clips.num_rows or (values > 2).any():
            self.close()
            raise SettingsError("the process that evaluated it gave a damaged answer")
        return values


@contextmanager
def sandbox(clips: pa.Table, *, memory_mib: int = 1024) -> Iterator[Sandbox]:
    """Open a sandbox that holds the table `clips` alone; its process ends with the block.

    No file, network, extension, setting or variable of this program can be reached from it.

    Args:
        clips: n rows; the columns that conditions can use.
        memory_mib: limit on the private memory of the process.
    """
    opened = Sandbox(clips, memory_mib)
    try:
        yield opened
    finally:
        opened.close()


def matching(opened: Sandbox, condition: str, *, name: str, seconds: float) -> np.ndarray:
    """Return which clips meet a condition: (n,) float64, 1 yes, 0 no, NaN where it is NULL.

    Args:
        opened: from `sandbox`.
        condition: an SQL expression over the columns of the clips.
        name: name of the filter, for the error.
        seconds: time limit.

    Raises:
        SettingsError: the condition is not one boolean expression over the columns, or reaches a
            limit.
    """
    try:
        values = opened.evaluate(condition, seconds=seconds)
    except SettingsError as problem:
        shown = _in_one_line(condition)
        raise SettingsError(f"the filter {name!r} ({shown}) cannot be used: {problem}") from problem
    return np.array([0, 1, np.nan])[values]


def _in_one_line(text: str) -> str:
    """Return the beginning of a text, without line ends and repeated spaces."""
    line = " ".join(text[: 10 * _SHOWN_CHARACTERS].split())
    return line if len(line) <= _SHOWN_CHARACTERS else f"{line[:_SHOWN_CHARACTERS]}..."


def _as_bytes(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())
