"""A clip's 2-D coordinates in the latent space."""

import dagster as dg

from assets.embeddings import embeddings
from assets.latent_space import latent_space
from assets.materialization import Timer, picture, table_metadata
from assets.space_rows import placed_rows, read_latent_space
from insight_dagster.analysis.matrices import matrix_of
from insight_dagster.analysis.projection import project
from insight_dagster.database import Replacement
from insight_dagster.report.figures import projection_png
from insight_dagster.tables import EMBEDDINGS, PROJECTION
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
def projection(
    context: dg.AssetExecutionContext,
    database: DatabaseResource,
    bundle_folder: BundleFolderResource,
) -> dg.MaterializeResult:
    """t-SNE and PCA coordinates of the class's clips; clips that came after the fit are placed."""
    timer = Timer()
    class_name, store = context.partition_key, database.open()
    vectors = store.rows(EMBEDDINGS, class_name)
    models = set(vectors["model_fingerprint"].to_pylist())
    space = read_latent_space(store, bundle_folder, models=models)
    placed = project(
        space,
        vectors["clip_id"].to_pylist(),
        matrix_of(vectors, "embedding", width=space.dimension),
    )
    rows = placed_rows(vectors, space.space_id, placed)
    store.write(Replacement(PROJECTION, rows, class_name))
    everything = store.rows(PROJECTION)
    return dg.MaterializeResult(
        metadata={
            "placed_after_the_fit": int((~placed.fitted).sum()),
            "latent_space": picture(projection_png(everything, class_name), "projection"),
            **timer.facts(),
            **table_metadata(PROJECTION, rows),
        }
    )
