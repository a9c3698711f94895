"""The page of the home folder: its files and sub-folders, from `HomeFolders`."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

from docs.generate.markdown import code, escaped, page, table
from insight_dagster.files.home_folders import HomeFolders


def home_folder_page() -> str:
    """Return the reference page of what a home folder holds."""
    introduction = (
        "Everything that belongs to one analysis is in one folder, the home folder. `--home` or "
        "`INSIGHT_HOME` names it. Tables hold paths relative to it, so that it can be moved."
    )
    rows = ([code(path), escaped(meaning)] for path, meaning in home_paths())
    return page("Home folder", introduction, table(["path", "what it is"], rows))


def home_paths() -> Iterator[tuple[str, str]]:
    """Yield every file and folder of a home, relative to it, with its meaning."""
    folders = HomeFolders(Path("home"))
    for name, value in vars(HomeFolders).items():
        if isinstance(value, property):
            path = getattr(folders, name).relative_to(folders.root).as_posix()
            yield path, (inspect.getdoc(value) or "").split("\n\n")[0]
