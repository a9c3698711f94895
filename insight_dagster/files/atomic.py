"""Atomic writing: readers see a file or folder complete or not at all, even if a writer is killed.

All atomic writing goes through this module: a file through `write_atomically`, a folder through
`draft_folder` and `publish_folder`.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from insight_dagster.files.interruption import on_interrupt, uninterrupted


def write_atomically(
    path: Path, save: Callable[[Path], object], *, make_parent: bool = True
) -> None:
    """Write a draft beside a file, then put it in the file's place.

    Args:
        path: the file; replaced when it exists.
        save: writes the draft whose path it is called with.
        make_parent: whether to create the file's folder when it is missing.

    Raises:
        OSError: the file cannot be written; an earlier version of it is unchanged.
    """
    if make_parent:
        path.parent.mkdir(parents=True, exist_ok=True)
    draft = _draft_of(path)
    with on_interrupt(partial(draft.unlink, missing_ok=True)):
        try:
            save(draft)
            os.replace(draft, path)
        finally:
            draft.unlink(missing_ok=True)


@contextmanager
def draft_folder(folder: Path) -> Iterator[Path]:
    """Yield a new hidden folder beside `folder`; what is left of it is removed afterwards.

    Raises:
        OSError: the parent folder cannot be written.
    """
    draft = _draft_of(folder)
    shutil.rmtree(draft, ignore_errors=True)  # left by a killed process of the same id
    with on_interrupt(partial(_remove_while_written, draft)):
        draft.mkdir(parents=True)
        try:
            yield draft
        finally:
            shutil.rmtree(draft, ignore_errors=True)


def publish_folder(draft: Path, folder: Path) -> None:
    """Move a finished draft to `folder`; an earlier folder there is removed.

    Raises:
        OSError: the draft cannot be moved.
    """
    if not folder.is_dir() or not any(folder.iterdir()):
        os.replace(draft, folder)
        return
    old = draft.with_suffix(".old")
    with on_interrupt(partial(shutil.rmtree, old, ignore_errors=True)):
        with uninterrupted():
            os.replace(folder, old)
            os.replace(draft, folder)
        shutil.rmtree(old, ignore_errors=True)


def _remove_while_written(draft: Path) -> None:
    """Remove a folder that another thread may still be writing to."""
    removed = draft.with_suffix(".removed")
    os.replace(draft, removed)
    shutil.rmtree(removed, ignore_errors=True)


def _draft_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.draft")
