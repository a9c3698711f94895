"""The step that materializes `embeddings` and `metadata_table` from the same decoded frames."""

from collections.abc import Iterator

import dagster as dg

from insight_dagster.assets.embeddings import embeddings
from insight_dagster.assets.metadata_table import metadata_table
from insight_dagster.assets.steps.checks import AssetChecks
from insight_dagster.assets.steps.class_clips import open_class
from insight_dagster.assets.steps.per_class import Outcomes, for_each_class_and_asset
from insight_dagster.assets.steps.ui_metadata import result_metadata
from insight_dagster.pipeline.class_checks import ClassChecks
from insight_dagster.pipeline.measuring.one_pass import EMBEDDINGS, measure_class
from insight_dagster.resources.class_checks import ClassChecksResource
from insight_dagster.resources.clip_library import ClipLibraryResource
from insight_dagster.resources.database import DatabaseResource
from insight_dagster.resources.home_folders import HomeFoldersResource
from insight_dagster.resources.model import ModelResource
from insight_dagster.resources.names import asset_name
from insight_dagster.resources.options import OptionsResource
from insight_dagster.resources.partitions import ACTION_CLASSES, MEASURING
from insight_dagster.resources.progress import Progress


@dg.multi_asset(
    specs=[embeddings, metadata_table],
    can_subset=True,
    partitions_def=ACTION_CLASSES,
    backfill_policy=MEASURING,
    pool="gpu",
)
def measurements(
    context: dg.AssetExecutionContext,
    insight_library: ClipLibraryResource,
    insight_database: DatabaseResource,
    insight_folders: HomeFoldersResource,
    insight_model: ModelResource,
    insight_options: OptionsResource,
    insight_progress: dg.ResourceParam[Progress],
    insight_checks: ClassChecksResource,
) -> Iterator[dg.MaterializeResult]:
    """Decode a class's clips once, and compute embeddings, metadata or both, as selected."""
    keys = {asset_name(key): key for key in context.selected_asset_keys}
    needs_weights = EMBEDDINGS in keys
    model = insight_model.load() if needs_weights else insight_model.describe()
    sheets = insight_folders.open().contact_sheets

    def materialize(class_name: str) -> Outcomes:
        work = open_class(
            context,
            class_name,
            library=insight_library,
            database=insight_database,
            options=insight_options,
            progress=insight_progress,
        )
        measured = measure_class(work, model, assets=keys, sheets=sheets)
        return {
            keys[name]: each if isinstance(each, Exception) else result_metadata(each)
            for name, each in measured.items()
        }

    checks = {EMBEDDINGS: AssetChecks(insight_checks, ClassChecks.embeddings)}
    store = insight_database.open()
    yield from for_each_class_and_asset(context, store, materialize, checks=checks)
