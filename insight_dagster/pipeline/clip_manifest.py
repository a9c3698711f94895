"""The use case of the asset `clip_manifest`: list the clips of one class."""

from __future__ import annotations

from insight_dagster.analysis.clip_library import ScannedLibrary
from insight_dagster.analysis.clip_library.clip_manifest import Probe, manifest_rows
from insight_dagster.database import Database
from insight_dagster.database.writes import ReplacePartition
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
