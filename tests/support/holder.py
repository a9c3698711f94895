"""A program that holds a file until a block ends."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager


@contextmanager
def printing_held(command: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    """Start a program, wait until it prints `held`, and kill it when the block ends."""
    holder = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout.readline().strip() == "held"
        yield holder
    finally:
        holder.kill()
        holder.wait()
