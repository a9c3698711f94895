"""One labelled clip as a library names it, and which names and places are acceptable.

The row and the rules for class names, splits and safe paths belong here; the layouts that rows
are read from do not (`layouts`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from insight_dagster.errors import LibraryError
from insight_dagster.failures import Unreadable

SPLITS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validate": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}

_ENDINGS = "mp4 m4v mov mkv webm avi mpg mpeg ts m2ts flv wmv asf ogv 3gp gif"
VIDEO_SUFFIXES = frozenset(f".{ending}" for ending in re.split(" ", _ENDINGS))

_LONGEST_NAME = 200


@dataclass(frozen=True)
class ClipSource:
    """A labelled clip as the library names it.

    Attributes:
        path: the file, absolute.
        relative_path: the file, relative to the library, with forward slashes.
        class_name: action class that it is labelled with.
        split: train, val or test, another name the library uses, or '' for none.
        start: start of the labelled segment in the file, in seconds.
        end: its end in seconds; None = end of the file.
        problem: why the file cannot be used; None where nothing is known to be wrong with it.
    """

    path: Path
    relative_path: str
    class_name: str
    split: str
    start: float = 0.0
    end: float | None = None
    problem: Unreadable | None = None


def check_class_name(name: str, *, where: str) -> str:
    """The name itself, if it can be a partition, a table value and a part of a file name.

    Args:
        name: label of an annotation, or name of a folder.
        where: file and line, or folder, for the message.

    Raises:
        LibraryError: it is empty, padded, longer than 200 characters, or holds "/", "...",
            a control character or an undecodable byte.
    """
    problem = _name_problem(name)
    if problem:
        raise LibraryError(f"{where}: class name {_shortened(name)} {problem}; rename it")
    return name


def normal_split(name: str) -> str:
    """train, val or test for their usual spellings, any other name unchanged."""
    return SPLITS.get(name.strip().lower(), name.strip())


def source_of(
    root: Path,
    relative: str,
    *,
    class_name: str,
    split: str,
    start: float = 0.0,
    end: float | None = None,
) -> ClipSource:
    """Return the row for `relative`, with the problem of a file that cannot be used.

    The path may not leave the library, neither by its text nor by a link: a library is data
    from elsewhere, and must not make this machine read its other files.

    Args:
        root: the library's folder, resolved.
        relative: path as the library writes it.
        class_name: as in `ClipSource`, like the rest.
        split: '' where the library names none.
        start: in seconds.
        end: in seconds.
    """
    written = PurePosixPath(relative)
    if written.is_absolute() and written.is_relative_to(root):
        written = written.relative_to(root)
    text = _printable(str(written))
    inside = not written.is_absolute() and ".." not in written.parts and "\0" not in relative
    path = root / written if inside else root
    problem = _path_problem(root, path) if inside else Unreadable("its path leaves the library")
    if problem is None and text != str(written):
        problem = Unreadable("its name is not valid text; rename the file")
    return ClipSource(path, text, class_name, split, start, end, problem)


def in_order(sources: Iterable[ClipSource]) -> tuple[ClipSource, ...]:
    """The sources sorted by class, split, path and window, each once."""
    return tuple(
        sorted(
            set(sources),
            key=lambda s: (s.class_name, s.split, s.relative_path, s.start, s.end or 0.0),
        )
    )


def _name_problem(name: str) -> str | None:
    if not name.strip():
        return "is empty"
    if name != name.strip():
        return "begins or ends with a space"
    if len(name) > _LONGEST_NAME:
        return f"has {len(name)} characters, {_LONGEST_NAME} are allowed"
    if any(unicodedata.category(char) in {"Cc", "Cs"} for char in name):
        return "holds a control character or an undecodable byte"
    # Dagster reads "a...b" as a range of partitions.
    for forbidden in ("/", "\\", "..."):
        if forbidden in name:
            return f"holds {forbidden!r}"
    return None


def _path_problem(root: Path, path: Path) -> Unreadable | None:
    try:
        if not path.exists():
            return Unreadable("a broken link" if path.is_symlink() else "the file is missing")
        if not path.resolve().is_relative_to(root):
            return Unreadable("a link that leaves the library")
        return None if path.is_file() else Unreadable("not a regular file")
    except OSError as problem:
        reason = (problem.strerror or "unknown").lower()
        return Unreadable(f"the file cannot be reached ({reason})")


def _printable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _shortened(name: str) -> str:
    return ascii(name if len(name) <= 60 else name[:57] + "...")
