"""Dense groups in the latent space, with soft membership."""

import dagster as dg

from insight_dagster.analysis.latent_space.clusters import assign
from insight_dagster.assets.embeddings import embeddings
from insight_dagster.assets.latent_space import latent_space
from insight_dagster.assets.steps.checks import CheckEvents, OwnChecks, check_every_class, per_class
from insight_dagster.assets.steps.per_class import Metadata, for_each_class
from insight_dagster.assets.steps.ui_metadata import table_metadata
from insight_dagster.database.writes import ReplacePartition
from insight_dagster.pipeline.class_checks import ClassChecks
from insight_dagster.pipeline.latent_space import placed_rows, usable_space
from insight_dagster.pipeline.timer import Timer
from insight_dagster.pipeline.trusted_vectors import trusted_vectors
from insight_dagster.resources.class_checks import ClassChecksResource
from insight_dagster.resources.database import DatabaseResource
from insight_dagster.resources.home_folders import HomeFoldersResource
from insight_dagster.resources.partitions import ACTION_CLASSES, PLACING
from insight_dagster.tables import CLUSTERS
from insight_dagster.tables.arrays import matrix_of


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
    database: DatabaseResource,
    home_folders: HomeFoldersResource,
    class_checks: ClassChecksResource,
) -> dg.MaterializeResult:
    """HDBSCAN clusters of a class's clips, as fitted over all classes."""
    store = database.open()

    def materialize(class_name: str) -> Metadata:
        timer, vectors = Timer(), trusted_vectors(store, class_name)
        space = usable_space(store, home_folders.open(), vectors)
        assigned = assign(
            space,
            vectors["clip_id"].to_pylist(),
            matrix_of(vectors, "embedding", width=space.dimension),
        )
        rows = placed_rows(vectors, space.space_id, assigned)
        store.write(ReplacePartition(CLUSTERS, rows, class_name))
        return {
            "clusters": len(set(assigned.cluster[assigned.cluster >= 0].tolist())),
            "in_no_cluster": int((assigned.cluster < 0).sum()),
            **timer.facts(),
            **table_metadata(CLUSTERS, rows),
        }

    checks = OwnChecks(class_checks, ClassChecks.clusters)
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
    context: dg.AssetCheckExecutionContext, class_checks: ClassChecksResource
) -> CheckEvents:
    """Are the class's clips in clusters, and would these be found again."""
    yield from check_every_class(context, class_checks.open(), ClassChecks.clusters)
