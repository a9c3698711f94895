"""Libraries in which folders name the labels: `class/clip` and `split/class/clip`.

Files that list clips (`kinetics_annotations`, `path_label_lists`) do not belong here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from insight_dagster.analysis.clip_library.clip_source import (
    SPLITS,
    VIDEO_SUFFIXES,
    ClipSource,
    check_class_name,
    make_source,
    normal_split,
)
from insight_dagster.errors import LibraryError


def has_split_folders(root: Path) -> bool:
    """Return whether a folder is named like a split and holds folders, which are then classes."""
    return any(_is_split(folder) for folder in subfolders(root))


def read_split_folders(root: Path) -> list[ClipSource]:
    """Return the clips of a `split/class/clip` library.

    Raises:
        LibraryError: a video lies outside the split folders or directly inside one, so that its
            split or class is unknown; or a folder name cannot be a class name.
    """
    sources: list[ClipSource] = []
    for folder in subfolders(root):
        if _is_split(folder):
            _refuse_loose_videos(folder)
            sources += _read_classes(root, folder, normal_split(folder.name))
        elif any(is_video_name(path) for path in _files_below(folder)):
            raise LibraryError(
                f"{folder} holds videos but is not named like a split, as other folders of {root} "
                f"are; move it into one of {', '.join(sorted(set(SPLITS.values())))}/"
            )
    return sources


def read_class_folders(root: Path) -> list[ClipSource]:
    """Return the clips of a `class/clip` library; folders inside a class folder belong to it.

    Raises:
        LibraryError: a class folder holds clips only in its sub-folders, so that these are probably
            the classes; or a folder name cannot be a class name.
    """
    return _read_classes(root, root, "")


def subfolders(folder: Path) -> list[Path]:
    """Return the folders directly inside a folder, without hidden ones, sorted by name."""
    try:
        entries = sorted(folder.iterdir())
    except OSError as problem:
        raise LibraryError(f"{folder} cannot be listed: {problem.strerror}") from problem
    return [entry for entry in entries if not _hidden(entry.name) and entry.is_dir()]


def is_video_name(path: Path) -> bool:
    """Return whether the file name has a suffix of video files."""
    return path.suffix.lower() in VIDEO_SUFFIXES


def _is_split(folder: Path) -> bool:
    return folder.name.lower() in SPLITS and bool(subfolders(folder))


def _refuse_loose_videos(split_folder: Path) -> None:
    for entry in sorted(split_folder.iterdir()):
        if is_video_name(entry) and not _hidden(entry.name) and not entry.is_dir():
            raise LibraryError(f"{entry} is in no class folder; move it into one, or remove it")


def _read_classes(root: Path, parent: Path, split: str) -> list[ClipSource]:
    sources: list[ClipSource] = []
    for folder in subfolders(parent):
        class_name = check_class_name(folder.name, where=str(parent))
        _refuse_leaving(root, folder)
        files = list(_files_below(folder))
        _refuse_deeper_library(folder, files)
        sources += [
            make_source(root, file.relative_to(root).as_posix(), class_name=class_name, split=split)
            for file in files
        ]
    return sources


def _files_below(folder: Path) -> Iterator[Path]:
    # Links to folders are not followed: they could lead outside the library or in circles.
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not _hidden(name))
        yield from (Path(parent, name) for name in sorted(names) if not _hidden(name))


def _refuse_leaving(root: Path, folder: Path) -> None:
    if not folder.resolve().is_relative_to(root):
        raise LibraryError(
            f"class folder {folder} is a link to a folder outside the library; "
            "move its clips into the library"
        )


def _refuse_deeper_library(folder: Path, files: list[Path]) -> None:
    if files and not any(file.parent == folder for file in files):
        raise LibraryError(
            f"{folder} holds no clips itself, only folders such as {files[0].parent}; "
            f"if those are the classes, use {folder} (or its split folders) as the library"
        )


def _hidden(name: str) -> bool:
    return name.startswith(".")
