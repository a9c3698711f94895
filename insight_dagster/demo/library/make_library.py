"""Makes a demo library: all its clips, annotations.csv and truth.csv appear at once.

Layout: `{train,val,test}/<class>/<id>_<start>_<end>.mp4`. What is in the clips belongs to
`plan.py` and `rendering.py`, later deliveries to `delivery.py`; reading libraries belongs to
`analysis/clip_library/`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from insight_dagster.demo.classes import DEMO_CLASSES
from insight_dagster.demo.library.clip_plan import FaultShares
from insight_dagster.demo.library.delivery_plan import clips_of
from insight_dagster.demo.library.library_files import draft_beside, write_clips, write_tables
from insight_dagster.demo.library.marker import GENERATOR_VERSION, Marker
from insight_dagster.demo.library.rendering import SCENES
from insight_dagster.errors import LibraryError
from insight_dagster.files.atomic import publish_folder

__all__ = ["GENERATOR_VERSION", "LibrarySummary", "make_library"]


@dataclass(frozen=True)
class LibrarySummary:
    """What a demo library holds; `created` is False where it was already there.

    Clips of later deliveries count where the folder has had them.
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
    """Write a demo library, or leave it as it is where the same one is already complete.

    The clips appear in `folder` all at once, when the last one is written. A library that has
    had a second delivery since is still the same one.

    Args:
        folder: new or empty folder, or a library made with the same arguments.
        seed: everything random comes from it; pixels do not depend on `workers`.
        clips_per_class: files per class, copies and broken files included.
        workers: processes; default: all cores.
        progress: called with the number of clips just written.
        classes: any of the classes that `rendering.SCENES` can draw.
        faults: shares of the planted faults.

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
        raise LibraryError(f"cannot draw the classes {unknown}; known: {sorted(SCENES)}")
    if clips_per_class < 1:
        raise LibraryError(f"clips per class must be 1 or more, got {clips_per_class}")


def _present(folder: Path, wanted: Marker) -> Marker | None:
    """The marker where the folder holds the wanted library already, whatever was delivered since.

    Raises:
        LibraryError: it holds something else.
    """
    present = Marker.read(folder)
    if present is not None:
        if replace(present, delivery=wanted.delivery) == wanted:
            return present
        shown = {key: getattr(present, key) for key in ("seed", "clips_per_class", "generator")}
        raise LibraryError(
            f"{folder} holds another demo library {shown}; name another folder or remove it"
        )
    if folder.is_dir() and any(folder.iterdir()):
        raise LibraryError(f"{folder} is not empty and no demo library; name another folder")
    if folder.exists() and not folder.is_dir():
        raise LibraryError(f"{folder} is a file; name a folder for the demo library")
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
