"""The asset `clip_manifest`: the clips of the library, and its checks."""

import dagster as dg

from insight_dagster.assets.steps.checks import (
    AssetChecks,
    CheckEvents,
    class_check_specs,
    evaluate_class_checks,
)
from insight_dagster.assets.steps.per_class import Metadata, for_each_class
from insight_dagster.assets.steps.ui_metadata import result_metadata
from insight_dagster.pipeline.class_checks import ClassChecks
from insight_dagster.pipeline.clip_manifest import list_class
from insight_dagster.resources.class_checks import ClassChecksResource
from insight_dagster.resources.clip_library import ClipLibraryResource
from insight_dagster.resources.database import DatabaseResource
from insight_dagster.resources.partitions import ACTION_CLASSES, MEASURING
from insight_dagster.resources.progress import Progress


@dg.asset(
    partitions_def=ACTION_CLASSES,
    backfill_policy=MEASURING,
    group_name="clips",
    kinds={"duckdb", "video"},
)
def clip_manifest(
    context: dg.AssetExecutionContext,
    insight_library: ClipLibraryResource,
    insight_database: DatabaseResource,
    insight_progress: dg.ResourceParam[Progress],
    insight_checks: ClassChecksResource,
) -> dg.MaterializeResult:
    """List the clips of a class: file, split, properties of the video, and problems.

    Files that cannot be used are quarantined with the reason. Unchanged files (path, size,
    modification time) are not read again. A class that is no longer in the library keeps its rows
    until `insight classes remove` deletes them.
    """
    store, library = insight_database.open(), insight_library.scan()

    def materialize(class_name: str) -> Metadata:
        total = len(library.of_class(class_name)) if class_name in library.classes else 0
        result = list_class(
            store,
            library,
            class_name,
            read_facts=insight_library.decoding().probe,
            progress=insight_progress.track(context, f"clip_manifest · {class_name}", total),
        )
        return result_metadata(result)

    checks = AssetChecks(insight_checks, ClassChecks.manifest)
    return for_each_class(context, store, materialize, checks=checks)


@dg.multi_asset_check(
    name="clip_manifest_checks",
    specs=class_check_specs(
        clip_manifest,
        unreadable_share="At most `max_quarantined_share` of the class's files are missing or "
        "are not videos.",
        in_library="The library has clips of the class.",
        splits_present="Every split of the library has a usable clip of the class.",
        label_known="The class is a label of the model, so that its clips can be scored.",
        duplicates="At most `max_duplicate_share` of the class's clips are copies of another, "
        "byte for byte.",
        leaks="At most `max_leaked_clips` clips of the class have a copy in another split, "
        "byte for byte.",
    ),
    can_subset=True,
)
def clip_manifest_checks(
    context: dg.AssetCheckExecutionContext, insight_checks: ClassChecksResource
) -> CheckEvents:
    """Check whether the class's clips are readable, known to the model, and free of copies."""
    yield from evaluate_class_checks(context, insight_checks.open(), ClassChecks.manifest)
