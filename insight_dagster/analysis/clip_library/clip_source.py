"""One labelled clip as its library names it, and the rules for names and paths.

Class names, splits and safe paths belong here; reading the layouts of libraries (`layouts`) does
not.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from insight_dagster.errors import Fault, LibraryError, Unreadable
from insight_dagster.tables.status import Split

SPLITS = {
    "train": Split.TRAIN,
    "training": Split.TRAIN,
    "val": Split.VAL,
    "valid": Split.VAL,
    "validate": Split.VAL,
    "validation": Split.VAL,
    "test": Split.TEST,
    "testing": Split.TEST,
}

MISSING = Unreadable("the file is missing", Fault.MOMENT)
"""The problem of a clip that the library lists and does not have."""

_ENDINGS = "mp4 m4v mov mkv webm avi mpg mpeg ts m2ts flv wmv asf ogv 3gp gif"
VIDEO_SUFFIXES = frozenset(f".{ending}" for ending in re.split(" ", _ENDINGS))

_LONGEST_NAME = 200


@dataclass(frozen=True)
class ClipSource:
    """A labelled clip as its library names it.

    Attributes:
        path: absolute path of the file.
        relative_path: path relative to the library, with forward slashes.
        class_name: action class of the clip.
        split: train, val, test or another name that the library uses; '' if it names none.
        start: start of the labelled segment in the file, in seconds.
        end: end of the segment in seconds; None for the end of the file.
        problem: why the file cannot be used; None if no reason is known.
    """

    path: Path
    relative_path: str
    class_name: str
    split: str
    start: float = 0.0
    end: float | None = None
    problem: Unreadable | None = None


def check_class_name(name: str, *, where: str) -> str:
    """Return the name if it can be a partition key, a table value and part of a file name.

    Args:
        name: label of an annotation, or name of a folder.
        where: file and line, or folder, for the message.

    Raises:
        LibraryError: the name is empty, longer than 200 characters, begins or ends with a space, or
            contains a slash or backslash, "...", a control character or an undecodable byte.
    """
    problem = _name_problem(name)
    if problem:
        raise LibraryError(f"{where}: class name {_shortened(name)} {problem}; rename it")
    return name


def normal_split(name: str) -> str:
    """Return train, val or test for their usual spellings, and any other name unchanged."""
    return SPLITS.get(name.strip().lower(), name.strip())


def make_source(
    root: Path,
    relative: str,
    *,
    class_name: str,
    split: str,
    start: float = 0.0,
    end: float | None = None,
) -> ClipSource:
    """Return the source for a path of a library, with its problem if the file cannot be used.

    A path that leaves the library, by its text or through a link, cannot be used: the library may
    come from elsewhere, and must not make this machine read its other files.

    Args:
        root: the library's folder, resolved.
        relative: path as the library writes it.
        class_name: action class of the clip.
        split: split of the clip; '' if the library names none.
        start: start of the labelled segment in seconds.
        end: end of the segment in seconds; None for the end of the file.
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


def sort_sources(sources: Iterable[ClipSource]) -> tuple[ClipSource, ...]:
    """Return the sources sorted by class, split, path and window, without repeats."""
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
        return f"has {len(name)} characters, at most {_LONGEST_NAME} are allowed"
    if any(unicodedata.category(char) in {"Cc", "Cs"} for char in name):
        return "contains a control character or an undecodable byte"
    # Dagster reads "a...b" as a range of partitions.
    for forbidden in ("/", "\\", "..."):
        if forbidden in name:
            return f"contains {forbidden!r}"
    return None


def _path_problem(root: Path, path: Path) -> Unreadable | None:
    try:
        if not path.exists():
            reason = "a broken link" if path.is_symlink() else MISSING.reason
            return Unreadable(reason, Fault.MOMENT)
        if not path.resolve().is_relative_to(root):
            return Unreadable("a link that leaves the library")
        return None if path.is_file() else Unreadable("not a regular file")
    except OSError as problem:
        return Unreadable.from_error(problem)


def _printable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _shortened(name: str) -> str:
    return ascii(name if len(name) <= 60 else name[:57] + "...")
