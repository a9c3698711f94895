"""Adding the second delivery to an existing demo library while others read it.

Each file appears complete, and the marker last: an interrupted delivery does not count, and the
next call writes the same files again. Planning the clips (`delivery_plan`) does not belong here.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from insight_dagster.demo.library.delivery_plan import (
    DELIVERIES,
    DELIVERY_FAULT,
    NEW_CLASS,
    clips_of,
    plan_delivery,
)
from insight_dagster.demo.library.library_files import (
    ANNOTATIONS,
    TRUTH,
    draft_beside,
    write_clips,
    write_tables,
)
from insight_dagster.demo.library.marker import GENERATOR_VERSION, MARKER, Marker
from insight_dagster.errors import LibraryError


@dataclass(frozen=True)
class DeliverySummary:
    """The clips of a delivery.

    Attributes:
        root: folder of the library.
        delivery: number of the delivery.
        groups: number of clips by group in truth.csv: new_clip, replaced, new_class.
        new_class: name of the new class.
        created: whether this call wrote the delivery; False if the library had it before.
    """

    root: Path
    delivery: int
    groups: dict[str, int]
    new_class: str
    created: bool

    @property
    def clips(self) -> int:
        """The number of files of the delivery."""
        return sum(self.groups.values())


def deliver(
    folder: Path,
    *,
    delivery: int = 2,
    workers: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> DeliverySummary:
    """Add a delivery to a complete demo library; do nothing if the library has it already.

    The clips are rendered beside the library and moved into it one by one, then annotations.csv and
    truth.csv, then the marker. A reader only sees complete files. After an interruption the same
    call completes the delivery with the same bytes.

    Args:
        folder: a library made by `make_library`; its marker contains seed and size.
        delivery: number of the delivery; only 2 exists.
        workers: number of processes; None for one per core.
        progress: called with the number of clips just written.

    Raises:
        LibraryError: the folder is not a demo library that the delivery fits, the folder cannot be
            written, or the delivery does not exist.
    """
    # Links are resolved because the draft must be on the file system that the clips move to.
    folder = Path(folder).resolve()
    marker = _marker_of(folder, delivery)
    delivered = plan_delivery(marker)
    created = marker.delivery < delivery
    if created:
        with draft_beside(folder) as draft:
            write_clips(draft, delivered, seed=marker.seed, workers=workers, progress=progress)
            complete = replace(marker, delivery=delivery)
            write_tables(draft, clips_of(complete))
            complete.write(draft)
            _move_in(
                draft, folder, [*(clip.path for clip in delivered), ANNOTATIONS, TRUTH, MARKER]
            )
    elif progress:
        progress(len(delivered))
    counts = Counter(dict(clip.truths)[DELIVERY_FAULT] for clip in delivered)
    return DeliverySummary(folder, delivery, dict(counts), NEW_CLASS, created)


def _marker_of(folder: Path, delivery: int) -> Marker:
    if delivery not in DELIVERIES:
        known = ", ".join(map(str, DELIVERIES))
        raise LibraryError(f"a demo library has no delivery {delivery}; use {known}")
    marker = Marker.read(folder)
    if marker is None:
        raise LibraryError(
            f"{folder} is not a demo library; make one first: insight demo-library {folder}"
        )
    if marker.generator != GENERATOR_VERSION:
        raise LibraryError(
            f"{folder} was rendered by generator {marker.generator}, this one is "
            f"{GENERATOR_VERSION}; make a new library in another folder"
        )
    if NEW_CLASS in marker.classes:
        raise LibraryError(
            f"{folder} already has the class {NEW_CLASS!r}, which delivery {delivery} adds; "
            f"make a library without it"
        )
    return marker


def _move_in(draft: Path, folder: Path, paths: Sequence[str]) -> None:
    """Move files of the draft to the same paths in the library, in the given order."""
    for path in paths:
        try:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            # Not `write_atomically`: the file is complete, only its place is not the last one.
            os.replace(draft / path, folder / path)
        except OSError as problem:
            raise LibraryError(
                f"cannot move {path} to {folder}: {problem.strerror}; the files moved so far are "
                f"complete, run the same command again for the rest"
            ) from problem
