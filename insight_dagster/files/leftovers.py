"""Deletion of files that no table row refers to: left by killed runs, or replaced by later ones."""

from __future__ import annotations

import time
from collections.abc import Iterator, Set
from pathlib import Path

from insight_dagster.files.atomic import write_atomically

YOUNG_SECONDS = 3600.0
_SEEN = ".leftovers"


def remove_leftovers(folder: Path, *, keep: Set[Path], young_seconds: float = YOUNG_SECONDS) -> int:
    """Delete the files of a folder that two clean-ups found left over, and return their number.

    A file that is seen for the first time, or is young, may belong to a run that has not written
    its rows yet. Its age alone does not tell: where the clock was set forward, every file is old.
    Folders and links are not deleted.

    Args:
        folder: folder whose files are deleted, at any depth; it may be missing. The names of those
            that may go next time are kept in it.
        keep: files that table rows refer to.
        young_seconds: age in seconds below which a file is never deleted.
    """
    if not folder.is_dir():
        return 0
    notes, removed, left = folder / _SEEN, 0, []
    seen = set(notes.read_text(encoding="utf-8").split("\n")) if notes.exists() else set()
    for path in _files(folder):
        name = str(path.relative_to(folder))
        if path in keep or path == notes:
            continue
        if name in seen and _age(path) >= young_seconds:
            path.unlink(missing_ok=True)
            removed += 1
        else:
            left.append(name)
    write_atomically(notes, lambda draft: draft.write_text("\n".join(left), encoding="utf-8"))
    return removed


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield path


def _age(path: Path) -> float:
    """Return a file's age in seconds; one from the future was written before the clock was set."""
    return abs(time.time() - path.stat().st_mtime)
