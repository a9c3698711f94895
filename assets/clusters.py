"""Dense groups in the latent space, with soft membership."""

import dagster as dg

from assets.embeddings import embeddings
from assets.latent_space import latent_space
from assets.materialization import Timer, table_metadata
from assets.space_rows import placed_rows, read_latent_space
from insight_dagster.analysis.clusters import assign
from insight_dagster.analysis.matrices import matrix_of
from insight_dagster.database import Replacement
from insight_dagster.tables import CLUSTERS, EMBEDDINGS
from resources.bundle_folder import BundleFolderResource
from resources.database import DatabaseResource
from resources.partitions import ACTION_CLASSES


@dg.asset(
    partitions_def=ACTION_CLASSES,
    deps=[embeddings, latent_space],
    group_name="latent_space",
    kinds={"duckdb"},
    owners=["team:video-models"],
)
def clusters(
    context: dg.AssetExecutionContext,
    database: DatabaseResource,
    bundle_folder: BundleFolderResource,
) -> dg.MaterializeResult:
    """HDBSCAN clusters of the class's clips, as fitted over all classes."""
    timer = Timer()
    class_name, store = context.partition_key, database.open()
    vectors = store.rows(EMBEDDINGS, class_name)
    models = set(vectors["model_fingerprint"].to_pylist())
    space = read_latent_space(store, bundle_folder, models=models)
    assigned = assign(
        space,
        vectors["clip_id"].to_pylist(),
        matrix_of(vectors, "embedding", width=space.dimension),
    )
    rows = placed_rows(vectors, space.space_id, assigned)
    store.write(Replacement(CLUSTERS, rows, class_name))
    return dg.MaterializeResult(
        metadata={
            "clusters": len(set(assigned.cluster[assigned.cluster >= 0].tolist())),
            "in_no_cluster": int((assigned.cluster < 0).sum()),
            **timer.facts(),
            **table_metadata(CLUSTERS, rows),
        }
    )
