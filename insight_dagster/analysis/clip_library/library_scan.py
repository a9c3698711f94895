"""The labelled clips of a folder, in any of the layouts of `layouts`.

Recognising the layout belongs here; whether a file is a video (`decoding`) does not. The first
layout that fits is used:

1. `annotations.csv`, or CSV files with Kinetics' columns: each row is a clip. With a `path` column
   they describe a folder library, whose other clips (`split/class/clip`) are included.
2. PyTorchVideo lists: lines of `path label` in text or CSV files.
3. `split/class/clip`, if folders named train, val or test hold folders.
4. `class/clip`.

Hidden files, files directly in the root and, in folder layouts, links to folders are not clips.
A row whose file is missing or outside the library is kept, with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from insight_dagster.analysis.clip_library.clip_source import ClipSource, sort_sources
from insight_dagster.analysis.clip_library.layouts.class_folders import (
    has_split_folders,
    read_class_folders,
    read_split_folders,
)
from insight_dagster.analysis.clip_library.layouts.kinetics_annotations import (
    annotation_files,
    names_paths,
    read_annotations,
)
from insight_dagster.analysis.clip_library.layouts.path_label_lists import list_files, read_lists
from insight_dagster.errors import LibraryError, UnknownClassError


@dataclass(frozen=True)
class ScannedLibrary:
    """The clips of a library, sorted by class, split and path.

    Attributes:
        root: the library's folder, resolved.
        layout: name of the layout, as shown to people.
        sources: all clips, including those that cannot be used.
    """

    root: Path
    layout: str
    sources: tuple[ClipSource, ...]

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """The action classes, sorted."""
        return tuple(sorted({source.class_name for source in self.sources}))

    @cached_property
    def splits(self) -> tuple[str, ...]:
        """The splits of the clips, sorted; '' for clips without a split."""
        return tuple(sorted({source.split for source in self.sources}))

    def of_class(self, name: str) -> tuple[ClipSource, ...]:
        """Return the clips of one class.

        Raises:
            UnknownClassError: the library has no such class.
        """
        found = tuple(source for source in self.sources if source.class_name == name)
        if not found:
            known = ", ".join(self.classes[:10]) + (", ..." if len(self.classes) > 10 else "")
            raise UnknownClassError(f"{self.root} has no class {name!r}; it has {known}")
        return found


def scan(root: Path) -> ScannedLibrary:
    """List the clips of a library without opening any video.

    Args:
        root: folder of the library.

    Raises:
        LibraryError: the folder is missing or holds no clips, its layout is contradictory, an
            annotation cannot be read, or a name cannot be a class name.
    """
    root = Path(root).expanduser()
    if not root.is_dir():
        what = "is not a folder" if root.exists() else "does not exist"
        raise LibraryError(f"clip library {root} {what}; use a folder that holds clips")
    root = root.resolve()
    layout, sources = _read(root)
    if not sources:
        raise LibraryError(
            f"clip library {root} is empty; it needs class/clip or split/class/clip folders, "
            f"a Kinetics annotations.csv, or `path label` lists"
        )
    return ScannedLibrary(root, layout, sort_sources(sources))


def _read(root: Path) -> tuple[str, list[ClipSource]]:
    annotations = annotation_files(root)
    if annotations:
        sources = read_annotations(root, annotations)
        if names_paths(annotations):
            sources += _without_row(root, sources)
        return "annotations", sources
    lists = list_files(root)
    if lists:
        return "path label lists", read_lists(root, lists)
    if has_split_folders(root):
        return "split/class/clip", read_split_folders(root)
    return "class/clip", read_class_folders(root)


def _without_row(root: Path, sources: list[ClipSource]) -> list[ClipSource]:
    if not has_split_folders(root):
        return []
    named = {source.relative_path for source in sources}
    return [found for found in read_split_folders(root) if found.relative_path not in named]
