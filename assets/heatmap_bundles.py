"""The asset `heatmap_bundles`: heatmaps of the example clips of each insight."""

import dagster as dg

from insight_dagster.assets.insights import insights
from insight_dagster.assets.steps.class_clips import open_class
from insight_dagster.assets.steps.per_class import Metadata, for_each_class
from insight_dagster.assets.steps.ui_metadata import first_grid, result_metadata
from insight_dagster.pipeline.heatmaps import draw_class
from insight_dagster.resources.clip_library import ClipLibraryResource
from insight_dagster.resources.database import DatabaseResource
from insight_dagster.resources.home_folders import HomeFoldersResource
from insight_dagster.resources.model import ModelResource
from insight_dagster.resources.options import OptionsResource
from insight_dagster.resources.partitions import ACTION_CLASSES, EXPLAINING
from insight_dagster.resources.progress import Progress


@dg.asset(
    partitions_def=ACTION_CLASSES,
    backfill_policy=EXPLAINING,
    deps=[insights],
    pool="gpu",
    group_name="insights",
    kinds={"pytorch", "duckdb"},
)
def heatmap_bundles(
    context: dg.AssetExecutionContext,
    insight_library: ClipLibraryResource,
    insight_database: DatabaseResource,
    insight_folders: HomeFoldersResource,
    insight_model: ModelResource,
    insight_options: OptionsResource,
    insight_progress: dg.ResourceParam[Progress],
) -> dg.MaterializeResult:
    """Draw Grad-CAM heatmaps of the predicted label for example clips of a class's insights.

    A bundle is the heatmap volume of a clip and a 4x4 grid of its frames.
    """
    model, folders = insight_model.load(), insight_folders.open()

    def materialize(class_name: str) -> Metadata:
        work = open_class(
            context,
            class_name,
            library=insight_library,
            database=insight_database,
            options=insight_options,
            progress=insight_progress,
        )
        result = draw_class(work, model, folders, per_insight=insight_options.heatmaps_per_insight)
        return {**result_metadata(result), **first_grid(result.rows, folders.root)}

    return for_each_class(context, insight_database.open(), materialize)
