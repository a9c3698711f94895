"""Dense groups in the latent space, with soft membership."""

import dagster as dg

from insight_dagster.assets.embeddings import embeddings
from insight_dagster.assets.latent_space import latent_space
from insight_dagster.assets.steps.checks import CheckEvents, OwnChecks, check_every_class, per_class
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
    owners=["team:video-models"],
)
def clusters(
    context: dg.AssetExecutionContext,
    insight_database: DatabaseResource,
    insight_folders: HomeFoldersResource,
    insight_checks: ClassChecksResource,
) -> dg.MaterializeResult:
    """HDBSCAN clusters of a class's clips, as fitted over all classes."""
    store, folders = insight_database.open(), insight_folders.open()

    def materialize(class_name: str) -> Metadata:
        return result_metadata(cluster_class(store, folders, class_name))

    checks = OwnChecks(insight_checks, ClassChecks.clusters)
    return for_each_class(context, store, materialize, checks=checks)


@dg.multi_asset_check(
    name="clusters_checks",
    specs=per_class(
        clusters,
        noise_share="Nearly all clips of the class are in no cluster.",
        clusters_stable="The class's clusters are not found again in subsamples.",
    ),
    can_subset=True,
)
def clusters_checks(
    context: dg.AssetCheckExecutionContext, insight_checks: ClassChecksResource
) -> CheckEvents:
    """Are the class's clips in clusters, and would these be found again."""
    yield from check_every_class(context, insight_checks.open(), ClassChecks.clusters)
