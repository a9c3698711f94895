"""Deletion of files that no table row refers to: left by killed runs, or replaced by later ones."""

from __future__ import annotations

import time
from collections.abc import Set
from pathlib import Path

YOUNG_SECONDS = 3600.0


def remove_leftovers(folder: Path, *, keep: Set[Path], young_seconds: float = YOUNG_SECONDS) -> int:
    """Delete the files of a folder that are neither kept nor young, and return their number.

    A young file may belong to a run that has not written its rows yet. Folders and links are not
    deleted.

    Args:
        folder: folder whose files are deleted, at any depth; it may be missing.
        keep: files that table rows refer to.
        young_seconds: age in seconds below which a file is never deleted.
    """
    if not folder.is_dir():
        return 0
    oldest = time.time() - young_seconds
    removed = 0
    for path in sorted(folder.rglob("*")):
        if path in keep or path.is_symlink() or not path.is_file():
            continue
        if path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)
            removed += 1
    return removed
