"""Files that are there whole or not at all, whoever reads meanwhile and whatever is killed."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path


def write_atomically(path: Path, save: Callable[[Path], object]) -> None:
    """Have a file written beside its place, then put it there.

    Args:
        path: the file; its folder is made when missing, what is there is replaced.
        save: writes the file that it is given the path of.

    Raises:
        OSError: it cannot be written; what was there before is as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.draft")
    try:
        save(draft)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
