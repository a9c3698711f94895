"""Which clips exist, where, their split, what the container says, what is wrong with them."""

import dagster as dg

from insight_dagster.assets.steps.checks import CheckEvents, OwnChecks, check_every_class, per_class
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
    owners=["team:video-models"],
)
def clip_manifest(
    context: dg.AssetExecutionContext,
    insight_library: ClipLibraryResource,
    insight_database: DatabaseResource,
    insight_progress: dg.ResourceParam[Progress],
    insight_checks: ClassChecksResource,
) -> dg.MaterializeResult:
    """A class's clips: identity, split, container facts, and quarantined files with the reason.

    Unchanged files (path, size, modification time) are neither read nor probed again. A class that
    is no longer in the library keeps its rows until `insight classes remove` takes them away.
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

    checks = OwnChecks(insight_checks, ClassChecks.manifest)
    return for_each_class(context, store, materialize, checks=checks)


@dg.multi_asset_check(
    name="clip_manifest_checks",
    specs=per_class(
        clip_manifest,
        unreadable_share="Too many files of the class are missing or no videos.",
        in_library="The class has left the library, or never was there.",
        splits_present="A split that the library has holds no usable clip of the class.",
        label_known="The model does not have the class's label: its clips cannot be scored.",
        duplicates="Clips of the class repeat each other byte for byte.",
        leaks="Clips of the class are in more than one split byte for byte.",
    ),
    can_subset=True,
)
def clip_manifest_checks(
    context: dg.AssetCheckExecutionContext, insight_checks: ClassChecksResource
) -> CheckEvents:
    """Can the class's clips be used, scored, and held apart."""
    yield from check_every_class(context, insight_checks.open(), ClassChecks.manifest)
