"""Making a demo library, whose clips, annotations.csv and truth.csv appear all at once.

The layout is `{train,val,test}/<class>/<id>_<start>_<end>.mp4`. Planning (`clip_plan`), rendering
(`rendering`) and later deliveries (`delivery`) do not belong here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from insight_dagster.demo.classes import DEMO_CLASSES
from insight_dagster.demo.library.delivery_plan import clips_of
from insight_dagster.demo.library.fault_shares import FaultShares
from insight_dagster.demo.library.library_files import draft_beside, write_clips, write_tables
from insight_dagster.demo.library.marker import GENERATOR_VERSION, Marker
from insight_dagster.demo.library.rendering import SCENES
from insight_dagster.errors import LibraryError
from insight_dagster.files.atomic import publish_folder

__all__ = ["GENERATOR_VERSION", "LibrarySummary", "make_library"]


@dataclass(frozen=True)
class LibrarySummary:
    """The clips of a demo library, including those of later deliveries.

    Attributes:
        root: folder of the library.
        clips: number of clips.
        classes: action classes.
        faults: number of clips by planted fault.
        created: whether this call made the library; False if it existed before.
    """

    root: Path
    clips: int
    classes: tuple[str, ...]
    faults: dict[str, int]
    created: bool


def make_library(
    folder: Path,
    *,
    seed: int = 0,
    clips_per_class: int = 80,
    workers: int | None = None,
    progress: Callable[[int], None] | None = None,
    classes: Sequence[str] = DEMO_CLASSES,
    faults: FaultShares | None = None,
) -> LibrarySummary:
    """Make a demo library; do nothing if the folder already holds the same one.

    The clips appear in `folder` all at once. A library that has had a second delivery since is
    still the same one.

    Args:
        folder: a new or empty folder, or a library made with the same arguments.
        seed: seed of everything random.
        clips_per_class: number of files per class, including copies and damaged files.
        workers: number of processes, on which pixels do not depend; None for one per core.
        progress: called with the number of clips just written.
        classes: classes that `rendering.SCENES` can draw.
        faults: shares of the planted faults; None for the defaults.

    Raises:
        LibraryError: the folder holds something else, or an argument is out of range.
    """
    _check(clips_per_class, classes)
    wanted = Marker(seed, clips_per_class, tuple(classes), faults or FaultShares())
    folder = Path(folder).absolute()
    present = _present(folder, wanted)
    if present is None:
        _create(folder, wanted, workers, progress)
    elif progress:
        progress(clips_per_class * len(classes))
    return _summary(folder, present or wanted, created=present is None)


def _check(clips_per_class: int, classes: Sequence[str]) -> None:
    unknown = sorted(set(classes) - set(SCENES))
    if unknown or not classes:
        raise LibraryError(f"cannot draw the classes {unknown}; choose from {sorted(SCENES)}")
    if clips_per_class < 1:
        raise LibraryError(f"clips per class must be 1 or more, got {clips_per_class}")


def _present(folder: Path, wanted: Marker) -> Marker | None:
    """Return the marker if the folder holds the wanted library, whatever was delivered since.

    Raises:
        LibraryError: the folder holds something else.
    """
    present = Marker.read(folder)
    if present is not None:
        if replace(present, delivery=wanted.delivery) == wanted:
            return present
        shown = {key: getattr(present, key) for key in ("seed", "clips_per_class", "generator")}
        raise LibraryError(
            f"{folder} holds another demo library {shown}; use another folder or remove it"
        )
    if folder.is_dir() and any(folder.iterdir()):
        raise LibraryError(f"{folder} is not empty and not a demo library; use another folder")
    if folder.exists() and not folder.is_dir():
        raise LibraryError(f"{folder} is a file; use a folder for the demo library")
    return None


def _create(
    folder: Path, marker: Marker, workers: int | None, progress: Callable[[int], None] | None
) -> None:
    plan = clips_of(marker)
    with draft_beside(folder) as draft:
        write_clips(draft, plan, seed=marker.seed, workers=workers, progress=progress)
        write_tables(draft, plan)
        marker.write(draft)
        publish_folder(draft, folder)


def _summary(folder: Path, marker: Marker, *, created: bool) -> LibrarySummary:
    plan = clips_of(marker)
    classes = tuple(dict.fromkeys(clip.label for clip in plan))
    counts = Counter(fault for clip in plan for fault in clip.faults)
    return LibrarySummary(folder, len(plan), classes, dict(counts), created)
