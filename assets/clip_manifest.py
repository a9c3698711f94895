"""Which clips exist, where, their split, what the container says, what is wrong with them."""

import dagster as dg

from insight_dagster.analysis.clip_library.clip_manifest import manifest_rows
from insight_dagster.assets.steps.checks import CheckEvents, OwnChecks, check_every_class, per_class
from insight_dagster.assets.steps.per_class import Metadata, for_each_class
from insight_dagster.assets.steps.ui_metadata import table_metadata
from insight_dagster.database import Database
from insight_dagster.database.writes import ReplacePartition
from insight_dagster.pipeline.class_checks import ClassChecks
from insight_dagster.pipeline.timer import Timer
from insight_dagster.resources.class_checks import ClassChecksResource
from insight_dagster.resources.clip_library import ClipLibraryResource
from insight_dagster.resources.database import DatabaseResource
from insight_dagster.resources.partitions import ACTION_CLASSES, MEASURING
from insight_dagster.resources.progress import Progress
from insight_dagster.tables import CLIP_MANIFEST


@dg.asset(
    partitions_def=ACTION_CLASSES,
    backfill_policy=MEASURING,
    group_name="clips",
    kinds={"duckdb", "video"},
    owners=["team:video-models"],
)
def clip_manifest(
    context: dg.AssetExecutionContext,
    clip_library: ClipLibraryResource,
    database: DatabaseResource,
    progress: dg.ResourceParam[Progress],
    class_checks: ClassChecksResource,
) -> dg.MaterializeResult:
    """A class's clips: identity, split, container facts, and quarantined files with the reason.

    Unchanged files (path, size, modification time) are neither read nor probed again. A class that
    is no longer in the library keeps its rows until `insight classes remove` takes them away.
    """
    store, library = database.open(), clip_library.scan()

    def materialize(class_name: str) -> Metadata:
        if class_name not in library.classes:
            return _keep(store, class_name)
        timer, sources = Timer(), library.of_class(class_name)
        manifest = manifest_rows(
            sources,
            previous=store.rows(CLIP_MANIFEST, class_name),
            read_facts=clip_library.decoding().probe,
            progress=progress.track(context, f"clip_manifest · {class_name}", len(sources)),
        )
        store.write(ReplacePartition(CLIP_MANIFEST, manifest.table, class_name))
        return {
            "in_library": True,
            "computed": manifest.computed,
            "reused": manifest.reused,
            "removed": manifest.removed,
            "quarantined": manifest.quarantined,
            **timer.facts(manifest.computed),
            **table_metadata(CLIP_MANIFEST, manifest.table),
        }

    checks = OwnChecks(class_checks, ClassChecks.manifest)
    return for_each_class(context, store, materialize, checks=checks)


def _keep(store: Database, class_name: str) -> Metadata:
    """The rows as they are, of a class whose clips are not in the library; there may be none."""
    rows = store.rows(CLIP_MANIFEST, class_name)
    return {
        "in_library": False,
        "computed": 0,
        "reused": rows.num_rows,
        "removed": 0,
        "quarantined": rows["status"].to_pylist().count("quarantined"),
        **table_metadata(CLIP_MANIFEST, rows),
    }


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
    context: dg.AssetCheckExecutionContext, class_checks: ClassChecksResource
) -> CheckEvents:
    """Can the class's clips be used, scored, and held apart."""
    yield from check_every_class(context, class_checks.open(), ClassChecks.manifest)
