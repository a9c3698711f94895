"""Libraries described by PyTorchVideo's `path label` lists (`LabeledVideoPaths.from_csv`).

Each line holds a path, white space and a label: the class name, or an index into a label list
(`labels.txt`, `classes.txt` or `label_map.txt`, one class name per line) in the same folder. The
file name, such as `train.txt` or `val.csv`, gives the split.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from insight_dagster.analysis.clip_library.clip_source import (
    SPLITS,
    ClipSource,
    check_class_name,
    make_source,
)
from insight_dagster.analysis.clip_library.layouts.class_folders import is_video_name
from insight_dagster.errors import LibraryError

LABEL_LISTS = ("labels.txt", "classes.txt", "label_map.txt")


def list_files(root: Path) -> list[Path]:
    """Return the text and CSV files of the root that are `path label` lists."""
    found = sorted([*root.glob("*.txt"), *root.glob("*.csv")])
    return [path for path in found if path.name not in LABEL_LISTS and _is_list(path, root)]


def read_lists(root: Path, files: list[Path]) -> list[ClipSource]:
    """Return one source per line, including lines whose file cannot be used.

    Raises:
        LibraryError: a line is not a path and a label, a label is an index that no label list
            contains, or a label cannot be a class name.
    """
    names = _label_names(root)
    return [
        _source(root, line, names, split=SPLITS.get(path.stem.lower(), ""), where=where)
        for path in files
        for line, where in _lines(path)
    ]


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        raise LibraryError(f"{path} cannot be read as text in UTF-8: {problem}") from problem
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            yield line.strip(), f"{path}, line {number}"


def _source(root: Path, line: str, names: list[str], *, split: str, where: str) -> ClipSource:
    pair = _split_line(line, root)
    if pair is None:
        raise LibraryError(f"{where}: expected a path and a label, got {line[:80]!r}")
    relative, label = pair
    return make_source(
        root, relative, class_name=_class_name(label, names, where=where), split=split
    )


def _class_name(label: str, names: list[str], *, where: str) -> str:
    if not label.isdecimal():
        return check_class_name(label, where=where)
    if not names:
        raise LibraryError(
            f"{where}: label {label} is an index; write the class names, one per line in index "
            f"order, to {LABEL_LISTS[0]} in the same folder"
        )
    if int(label) >= len(names):
        raise LibraryError(
            f"{where}: label {label} is not in the label list, which ends at {len(names) - 1}"
        )
    return check_class_name(names[int(label)], where=where)


def _label_names(root: Path) -> list[str]:
    for name in LABEL_LISTS:
        if (root / name).is_file():
            return [line for line, _ in _lines(root / name)]
    return []


def _split_line(line: str, root: Path) -> tuple[str, str] | None:
    # Path and label may contain spaces. The path is, in this order: the quoted part, the part that
    # is an existing file, the part up to the first suffix of video files.
    if line.startswith('"'):
        fields = [field for field in next(csv.reader([line], delimiter=" ")) if field]
        return (fields[0], " ".join(fields[1:])) if len(fields) > 1 else None
    cuts = [(line[: gap.start()], line[gap.end() :]) for gap in re.finditer(r"\s+", line)]
    for path, label in cuts:
        if is_video_name(Path(path)) and _is_file(root / path):
            return path, label
    return next(((path, label) for path, label in cuts if is_video_name(Path(path))), None)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _is_list(path: Path, root: Path) -> bool:
    """Return whether the first line is a pair and any line names an existing file."""
    try:
        pairs = [_split_line(line, root) for line, _ in _lines(path)]
    except LibraryError:
        return False
    if not pairs or pairs[0] is None:
        return False
    return any(pair is not None and (root / pair[0]).is_file() for pair in pairs)
