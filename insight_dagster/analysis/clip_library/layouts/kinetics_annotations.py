"""Libraries described by Kinetics annotation files, and the clips that these files name.

The columns are `label, youtube_id, time_start, time_end, split` and optionally `path`, relative to
the library. The clip of a row is, in this order:

1. the file in `path`;
2. `<id>_<start>_<end>.mp4` with six digits each, as Kinetics downloaders name a segment, in any
   folder (preferably one named after the split or the label);
3. the segment from `time_start` to `time_end` of `<id>.mp4`, taken for the whole video.
"""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from insight_dagster.analysis.clip_library.clip_source import (
    ClipSource,
    check_class_name,
    make_source,
    normal_split,
)
from insight_dagster.analysis.clip_library.layouts.class_folders import is_video_name
from insight_dagster.errors import LibraryError

ANNOTATION_FILE = "annotations.csv"
_SEGMENT_COLUMNS = {"youtube_id", "time_start", "time_end"}


@dataclass(frozen=True)
class _Row:
    """One annotation, and its file and line for messages."""

    fields: dict[str, str]
    where: str

    def __getitem__(self, name: str) -> str:
        return self.fields.get(name, "").strip()


def annotation_files(root: Path) -> list[Path]:
    """Return `annotations.csv`, or without it all CSV files of the root with Kinetics' columns."""
    explicit = root / ANNOTATION_FILE
    if explicit.is_file():
        return [explicit]
    return [path for path in sorted(root.glob("*.csv")) if _is_kinetics(path)]


def names_paths(files: list[Path]) -> bool:
    """Return whether a file has a `path` column, so that its rows describe a folder library."""
    return any("path" in _header(path) for path in files)


def read_annotations(root: Path, files: list[Path]) -> list[ClipSource]:
    """Return one source per row, including rows whose file cannot be used.

    Raises:
        LibraryError: a file is not such a CSV file, a time is not a number of seconds, or a label
            cannot be a class name.
    """
    rows = [row for path in files for row in _rows(path)]
    named = _video_files(root) if any(not row["path"] for row in rows) else {}
    return [_source(root, row, named) for row in rows]


def _rows(path: Path) -> Iterator[_Row]:
    columns = set(_header(path))
    if "label" not in columns or not ("path" in columns or _SEGMENT_COLUMNS.issubset(columns)):
        raise LibraryError(
            f"{path} needs the columns label, youtube_id, time_start, time_end and split, "
            f"or label and path; it has {', '.join(sorted(columns)) or 'none'}"
        )
    default_split = normal_split(path.stem) if path.name != ANNOTATION_FILE else ""
    for fields, number in _read(path):
        text = {_plain(name): value or "" for name, value in fields.items() if name}
        text["split"] = text.get("split") or default_split
        yield _Row(text, f"{path}, line {number}")


def _read(path: Path) -> Iterator[tuple[dict[str, str], int]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            for fields in reader:
                yield fields, reader.line_num
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise _unreadable(path, problem) from problem


def _unreadable(path: Path, problem: Exception) -> LibraryError:
    return LibraryError(f"{path} cannot be read as a CSV file in UTF-8: {problem}")


def _source(root: Path, row: _Row, named: dict[str, list[Path]]) -> ClipSource:
    label = check_class_name(row["label"], where=row.where)
    split = normal_split(row["split"])
    if row["path"]:
        return make_source(root, row["path"], class_name=label, split=split)
    start, end = _seconds(row, "time_start"), _seconds(row, "time_end")
    stem = f"{row['youtube_id']}_{int(start):06d}_{int(end):06d}"
    found = _best(named.get(stem, []), root, split, label)
    if found is not None:
        return make_source(root, found, class_name=label, split=split)
    whole = _best(named.get(row["youtube_id"], []), root, split, label)
    if whole is not None and end > start:
        return make_source(root, whole, class_name=label, split=split, start=start, end=end)
    return make_source(root, _expected(stem, split, label), class_name=label, split=split)


def _expected(stem: str, split: str, label: str) -> str:
    return "/".join(part for part in (split, label, f"{stem}.mp4") if part)


def _seconds(row: _Row, name: str) -> float:
    try:
        value = float(row[name])
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and 0 <= value < 1e6):
        raise LibraryError(f"{row.where}: {name} must be seconds, got {row[name]!r}")
    return value


def _video_files(root: Path) -> dict[str, list[Path]]:
    files: dict[str, list[Path]] = {}
    for parent, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(parent, name)
            if is_video_name(path) and not name.startswith("."):
                files.setdefault(path.stem, []).append(path.relative_to(root))
    return files


def _best(candidates: list[Path], root: Path, split: str, label: str) -> str | None:
    def rank(path: Path) -> tuple[bool, bool, str]:
        parts = path.parts[:-1]
        in_split = split in {normal_split(part) for part in parts}
        in_label = label in parts or label.replace(" ", "_") in parts
        return (not in_split, not in_label, path.as_posix())

    return min(candidates, key=rank).as_posix() if candidates else None


def _is_kinetics(path: Path) -> bool:
    return {"label", *_SEGMENT_COLUMNS} <= set(_header(path))


def _header(path: Path) -> list[str]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return [_plain(name) for name in next(csv.reader(file), [])]
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise _unreadable(path, problem) from problem


def _plain(name: str) -> str:
    return name.strip().lower()
