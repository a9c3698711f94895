"""Files that no table row names: left by runs that were killed, or made obsolete by later ones."""

from __future__ import annotations

import time
from collections.abc import Set
from pathlib import Path

YOUNG_SECONDS = 3600.0


def remove_leftovers(folder: Path, *, keep: Set[Path], young_seconds: float = YOUNG_SECONDS) -> int:
    """Delete the files of a folder that are not kept and not young; returns how many.

    A young file may belong to a run that has not written its rows yet. Folders and links are left
    alone.

    Args:
        folder: its files, at any depth; a missing folder is fine.
        keep: files that table rows name.
        young_seconds: age below which a file is never touched.
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
