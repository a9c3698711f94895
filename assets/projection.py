"""The asset `projection`: 2-D coordinates of the clips in the latent space, and its checks."""

import dagster as dg

from insight_dagster.assets.embeddings import embeddings
from insight_dagster.assets.latent_space import latent_space
from insight_dagster.assets.steps.checks import (
    AssetChecks,
    CheckEvents,
    class_check_specs,
    evaluate_class_checks,
)
from insight_dagster.assets.steps.per_class import Metadata, for_each_class
from insight_dagster.assets.steps.ui_metadata import picture, result_metadata
from insight_dagster.pipeline.class_checks import ClassChecks
from insight_dagster.pipeline.latent_space.placement import project_class
from insight_dagster.report.still_pictures import projection_png
from insight_dagster.resources.class_checks import ClassChecksResource
from insight_dagster.resources.database import DatabaseResource
from insight_dagster.resources.home_folders import HomeFoldersResource
from insight_dagster.resources.partitions import ACTION_CLASSES, PLACING
from insight_dagster.tables import PROJECTION


@dg.asset(
    partitions_def=ACTION_CLASSES,
    backfill_policy=PLACING,
    deps=[embeddings, latent_space],
    group_name="latent_space",
    kinds={"duckdb"},
)
def projection(
    context: dg.AssetExecutionContext,
    insight_database: DatabaseResource,
    insight_folders: HomeFoldersResource,
    insight_checks: ClassChecksResource,
) -> dg.MaterializeResult:
    """Compute t-SNE and PCA coordinates of a class's clips.

    Clips that are newer than the fit of the latent space are placed among the fitted ones.
    """
    store, folders = insight_database.open(), insight_folders.open()

    def materialize(class_name: str) -> Metadata:
        result = project_class(store, folders, class_name)
        png = projection_png(store.rows(PROJECTION), class_name)
        return {**result_metadata(result), "latent_space": picture(png, "projection")}

    checks = AssetChecks(insight_checks, ClassChecks.projection)
    return for_each_class(context, store, materialize, checks=checks)


@dg.multi_asset_check(
    name="projection_checks",
    specs=class_check_specs(
        projection,
        inside_latent_space="At most `max_outside_share` of the class's clips lie where the latent "
        "space was not fitted.",
    ),
)
def projection_checks(
    context: dg.AssetCheckExecutionContext, insight_checks: ClassChecksResource
) -> CheckEvents:
    """Check whether the class's clips lie where the latent space was fitted."""
    yield from evaluate_class_checks(context, insight_checks.open(), ClassChecks.projection)
