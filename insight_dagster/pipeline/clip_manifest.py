"""Listing the clips of one class: for the asset `clip_manifest`, and again after changes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from insight_dagster.analysis.clip_library import ScannedLibrary
from insight_dagster.analysis.clip_library.clip import Clip
from insight_dagster.analysis.clip_library.clip_manifest import manifest_rows
from insight_dagster.analysis.clip_library.clip_source import make_source
from insight_dagster.analysis.clip_library.pending_clips import usable_clips
from insight_dagster.analysis.decoding import Probe
from insight_dagster.database import Database
from insight_dagster.database.writes import ReplacePartition
from insight_dagster.errors import Fault
from insight_dagster.pipeline.class_clips import ProgressCallback
from insight_dagster.pipeline.step_result import StepResult, Timer
from insight_dagster.tables import CLIP_MANIFEST
from insight_dagster.tables.status import ClipStatus


def list_class(
    store: Database,
    library: ScannedLibrary,
    class_name: str,
    *,
    read_facts: Probe,
    progress: ProgressCallback,
) -> StepResult:
    """Update the manifest of a class from the library.

    Unchanged files (path, size, modification time) are neither read nor probed again. A class that
    is no longer in the library keeps its rows.

    Args:
        store: the database.
        library: the scanned library.
        class_name: the class.
        read_facts: reads the properties of a video file.
        progress: called with the number of clips just listed.
    """
    timer, stored = Timer(), store.rows(CLIP_MANIFEST, class_name)
    if class_name not in library.classes:
        return StepResult(
            CLIP_MANIFEST,
            stored,
            {
                "in_library": False,
                "computed": 0,
                "reused": stored.num_rows,
                "removed": 0,
                "quarantined": stored["status"].to_pylist().count(ClipStatus.QUARANTINED),
            },
        )
    manifest = manifest_rows(
        library.of_class(class_name), previous=stored, read_facts=read_facts, progress=progress
    )
    store.write(ReplacePartition(CLIP_MANIFEST, manifest.table, class_name))
    facts = {
        "in_library": True,
        "computed": manifest.computed,
        "reused": manifest.reused,
        "removed": manifest.removed,
        "quarantined": manifest.quarantined,
        **timer.facts(manifest.computed),
    }
    return StepResult(CLIP_MANIFEST, manifest.table, facts)


def list_replaced(
    store: Database, root: Path, class_name: str, *, read_facts: Probe
) -> Sequence[Clip]:
    """List the clips of a class again whose files changed while they were being read.

    Args:
        store: the database.
        root: folder of the library.
        class_name: the class.
        read_facts: reads the properties of a video file.

    Returns:
        The usable clips of the class.
    """
    stored, folder = store.rows(CLIP_MANIFEST, class_name), root.resolve()
    sources = [
        make_source(
            folder,
            row["path"],
            class_name=class_name,
            split=row["split"],
            start=row["window_start"],
            end=row["window_end"],
        )
        for row in stored.to_pylist()
    ]
    manifest = manifest_rows(
        sources, previous=stored, read_facts=read_facts, try_again={Fault.REPLACED}
    )
    store.write(ReplacePartition(CLIP_MANIFEST, manifest.table, class_name))
    return usable_clips(manifest.table, root)
