"""Which clips exist, where, their split, what the container says, what is wrong with them."""

import dagster as dg
import pyarrow as pa

from assets.materialization import Timer, table_metadata
from insight_dagster.analysis.clip_manifest import manifest_rows
from insight_dagster.analysis.quarantine import quarantine
from insight_dagster.database import Replacement
from insight_dagster.tables import CLIP_MANIFEST
from resources.analysis_options import AnalysisOptions
from resources.clip_library import ClipLibraryResource
from resources.database import DatabaseResource
from resources.partitions import ACTION_CLASSES
from resources.progress import Progress


@dg.asset(
    partitions_def=ACTION_CLASSES,
    group_name="clips",
    kinds={"duckdb", "video"},
    owners=["team:video-models"],
)
def clip_manifest(
    context: dg.AssetExecutionContext,
    clip_library: ClipLibraryResource,
    database: DatabaseResource,
    progress: dg.ResourceParam[Progress],
) -> dg.MaterializeResult:
    """The class's clips: identity, split, container facts, and quarantined files with the reason.

    Unchanged files (path, size, modification time) are neither read nor probed again.
    """
    timer = Timer()
    class_name = context.partition_key
    store = database.open()
    sources = clip_library.scan().of_class(class_name)
    manifest = manifest_rows(
        sources,
        previous=store.rows(CLIP_MANIFEST, class_name),
        progress=progress.track(context, "clip_manifest", len(sources)),
    )
    store.write(Replacement(CLIP_MANIFEST, manifest.table, class_name))
    return dg.MaterializeResult(
        metadata={
            "computed": manifest.computed,
            "reused": manifest.reused,
            "removed": manifest.removed,
            "quarantined": manifest.quarantined,
            **timer.facts(manifest.computed),
            **table_metadata(CLIP_MANIFEST, manifest.table),
        }
    )


@dg.asset_check(asset=clip_manifest, partitions_def=ACTION_CLASSES)
def unreadable_share(
    context: dg.AssetCheckExecutionContext,
    database: DatabaseResource,
    options: AnalysisOptions,
) -> dg.AssetCheckResult:
    """Too many files of a class are missing or no videos; `insight status` lists them."""
    return quarantine_result(
        database.open().rows(CLIP_MANIFEST, context.partition_key), options.max_quarantined_share
    )


def quarantine_result(manifest: pa.Table, largest_share: float) -> dg.AssetCheckResult:
    """Passed where the manifest's quarantined share is at most the one allowed."""
    state = quarantine(manifest)
    return dg.AssetCheckResult(
        passed=state.share <= largest_share,
        metadata={
            "clips": state.clips,
            "quarantined": state.quarantined,
            "share": state.share,
            "highest_share_allowed": largest_share,
            "reasons": dict(state.reasons),
        },
    )
