"""Adds the second delivery to a demo library that is there, under the eyes of its readers.

Which clips arrive belongs to `delivery_plan.py`. Every file moves in whole, the marker last: an
interrupted delivery is no delivery yet, and the next call writes the same files again.
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
    """What a delivery brought; `created` is False where it had arrived before.

    `groups` counts its clips by their group in truth.csv: new_clip, replaced, new_class.
    """

    root: Path
    delivery: int
    groups: dict[str, int]
    new_class: str
    created: bool

    @property
    def clips(self) -> int:
        """Files that the delivery wrote."""
        return sum(self.groups.values())


def deliver(
    folder: Path,
    *,
    delivery: int = 2,
    workers: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> DeliverySummary:
    """Add a delivery to a complete demo library, or leave it where it has arrived already.

    The clips are rendered beside the library and moved in one by one, then annotations.csv and
    truth.csv, then the marker. A reader meets whole files only; after an interruption the same
    call completes the delivery, with the same bytes.

    Args:
        folder: a library that `make_library` made; its marker says seed and size.
        delivery: which one; there is a second.
        workers: processes; default: all cores.
        progress: called with the number of clips just written.

    Raises:
        LibraryError: the folder is no demo library that can take it, or cannot be written, or
            there is no such delivery.
    """
    # A link's target: the draft must lie on the file system that the clips move into.
    folder = Path(folder).resolve()
    marker = _marker_of(folder, delivery)
    brought = plan_delivery(marker)
    created = marker.delivery < delivery
    if created:
        with draft_beside(folder) as draft:
            write_clips(draft, brought, seed=marker.seed, workers=workers, progress=progress)
            complete = replace(marker, delivery=delivery)
            write_tables(draft, clips_of(complete))
            complete.write(draft)
            _move_in(draft, folder, [*(clip.path for clip in brought), ANNOTATIONS, TRUTH, MARKER])
    elif progress:
        progress(len(brought))
    counts = Counter(dict(clip.truths)[DELIVERY_FAULT] for clip in brought)
    return DeliverySummary(folder, delivery, dict(counts), NEW_CLASS, created)


def _marker_of(folder: Path, delivery: int) -> Marker:
    if delivery not in DELIVERIES:
        known = ", ".join(map(str, DELIVERIES))
        raise LibraryError(f"there is no delivery {delivery} of a demo library; known: {known}")
    marker = Marker.read(folder)
    if marker is None:
        raise LibraryError(
            f"{folder} is no demo library; make one there first: insight demo-library {folder}"
        )
    if marker.generator != GENERATOR_VERSION:
        raise LibraryError(
            f"{folder} was rendered by generator {marker.generator}, this one is "
            f"{GENERATOR_VERSION}; make the library anew in another folder"
        )
    if NEW_CLASS in marker.classes:
        raise LibraryError(
            f"{folder} has the class {NEW_CLASS!r} already, which delivery {delivery} brings "
            f"as new; make a library without it"
        )
    return marker


def _move_in(draft: Path, folder: Path, paths: Sequence[str]) -> None:
    """Move files from the draft to the same paths of the library, in this order."""
    for path in paths:
        try:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            # Not `write_atomically`: the file is complete, only its place is not the last one.
            os.replace(draft / path, folder / path)
        except OSError as problem:
            raise LibraryError(
                f"cannot move {path} into {folder}: {problem.strerror}; what has arrived is "
                f"whole, and delivering again brings the rest"
            ) from problem
