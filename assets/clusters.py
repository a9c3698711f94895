"""The asset `clusters`: dense groups of clips in the latent space, and its checks."""

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
from insight_dagster.assets.steps.ui_metadata import result_metadata
from insight_dagster.pipeline.class_checks import ClassChecks
from insight_dagster.pipeline.latent_space.placement import cluster_class
from insight_dagster.resources.class_checks import ClassChecksResource
from insight_dagster.resources.database import DatabaseResource
from insight_dagster.resources.home_folders import HomeFoldersResource
from insight_dagster.resources.partitions import ACTION_CLASSES, PLACING


@dg.asset(
    partitions_def=ACTION_CLASSES,
    backfill_policy=PLACING,
    deps=[embeddings, latent_space],
    group_name="latent_space",
    kinds={"duckdb"},
)
def clusters(
    context: dg.AssetExecutionContext,
    insight_database: DatabaseResource,
    insight_folders: HomeFoldersResource,
    insight_checks: ClassChecksResource,
) -> dg.MaterializeResult:
    """Assign the clips of a class to the HDBSCAN clusters that were fitted over all classes."""
    store, folders = insight_database.open(), insight_folders.open()

    def materialize(class_name: str) -> Metadata:
        return result_metadata(cluster_class(store, folders, class_name))

    checks = AssetChecks(insight_checks, ClassChecks.clusters)
    return for_each_class(context, store, materialize, checks=checks)


@dg.multi_asset_check(
    name="clusters_checks",
    specs=class_check_specs(
        clusters,
        noise_share="At most `max_noise_share` of the class's clips are in no cluster.",
        clusters_stable="Subsamples of the clips reproduce the class's clusters, to "
        "`min_stability` at least.",
    ),
    can_subset=True,
)
def clusters_checks(
    context: dg.AssetCheckExecutionContext, insight_checks: ClassChecksResource
) -> CheckEvents:
    """Check whether the class's clips are in clusters that subsamples reproduce."""
    yield from evaluate_class_checks(context, insight_checks.open(), ClassChecks.clusters)
