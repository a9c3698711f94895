"""The step that materializes `embeddings` and `metadata_table` from frames decoded once."""

from collections.abc import Iterator

import dagster as dg

from insight_dagster.analysis.clip_library.pending_clips import usable_clips
from insight_dagster.assets.embeddings import embeddings
from insight_dagster.assets.metadata_table import metadata_table
from insight_dagster.assets.steps.checks import OwnChecks
from insight_dagster.assets.steps.per_class import Outcomes, for_each_class_and_asset
from insight_dagster.assets.steps.ui_metadata import table_metadata
from insight_dagster.pipeline.class_checks import ClassChecks
from insight_dagster.pipeline.measuring.class_clips import ClassClips
from insight_dagster.pipeline.measuring.one_pass import measure_class
from insight_dagster.resources.class_checks import ClassChecksResource
from insight_dagster.resources.clip_library import ClipLibraryResource
from insight_dagster.resources.database import DatabaseResource
from insight_dagster.resources.home_folders import HomeFoldersResource
from insight_dagster.resources.model import ModelResource
from insight_dagster.resources.options import OptionsResource
from insight_dagster.resources.partitions import ACTION_CLASSES, MEASURING
from insight_dagster.resources.progress import Progress
from insight_dagster.tables import CLIP_MANIFEST


@dg.multi_asset(
    specs=[embeddings, metadata_table],
    can_subset=True,
    partitions_def=ACTION_CLASSES,
    backfill_policy=MEASURING,
    pool="gpu",
)
def measurements(
    context: dg.AssetExecutionContext,
    clip_library: ClipLibraryResource,
    database: DatabaseResource,
    home_folders: HomeFoldersResource,
    classifier: ModelResource,
    options: OptionsResource,
    progress: dg.ResourceParam[Progress],
    class_checks: ClassChecksResource,
) -> Iterator[dg.MaterializeResult]:
    """Decode a class's clips once, for the model, the metadata, or both, as selected."""
    store = database.open()
    keys = {key.to_user_string(): key for key in context.selected_asset_keys}
    model = classifier.load() if embeddings.key in keys.values() else classifier.describe()

    def materialize(class_name: str) -> Outcomes:
        work = ClassClips(
            name=class_name,
            clips=usable_clips(store.rows(CLIP_MANIFEST, class_name), clip_library.root),
            store=store,
            decode=clip_library.decoding().decode_window,
            batch_size=options.batch_size,
            workers=options.workers,
            shard_clips=options.shard_clips,
            follow=lambda asset, total: progress.track(context, f"{asset} · {class_name}", total),
            warn=context.log.warning,
        )
        sheets = home_folders.open().contact_sheets
        measured = measure_class(work, model, assets=keys, sheets=sheets)
        return {
            keys[name]: outcome
            if isinstance(outcome, Exception)
            else {**outcome.facts, **table_metadata(outcome.table, outcome.rows)}
            for name, outcome in measured.items()
        }

    checks = {embeddings.key: OwnChecks(class_checks, ClassChecks.vectors)}
    yield from for_each_class_and_asset(context, store, materialize, checks=checks)
