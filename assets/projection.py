"""A clip's 2-D coordinates in the latent space."""

import dagster as dg

from assets.check_steps import CheckEvents, OwnChecks, check_every_class, per_class
from assets.classes import Metadata, for_each_class
from assets.embeddings import embeddings
from assets.judges import Judges, JudgesResource
from assets.latent_space import latent_space
from assets.materialization import Timer, picture, table_metadata
from assets.space_rows import placed_rows, usable_space
from assets.trust import trusted_vectors
from insight_dagster.analysis.matrices import matrix_of
from insight_dagster.analysis.projection import project
from insight_dagster.report.figures import projection_png
from insight_dagster.tables import PROJECTION
from insight_dagster.writes import Replacement
from resources.bundle_folder import BundleFolderResource
from resources.database import DatabaseResource
from resources.partitions import ACTION_CLASSES, PLACING


@dg.asset(
    partitions_def=ACTION_CLASSES,
    backfill_policy=PLACING,
    deps=[embeddings, latent_space],
    group_name="latent_space",
    kinds={"duckdb"},
    owners=["team:video-models"],
)
def projection(
    context: dg.AssetExecutionContext,
    database: DatabaseResource,
    bundle_folder: BundleFolderResource,
    judges: JudgesResource,
) -> dg.MaterializeResult:
    """t-SNE and PCA coordinates of a class's clips; clips that came after the fit are placed."""
    store = database.open()

    def materialize(class_name: str) -> Metadata:
        timer, vectors = Timer(), trusted_vectors(store, class_name)
        space = usable_space(store, bundle_folder, vectors)
        placed = project(
            space,
            vectors["clip_id"].to_pylist(),
            matrix_of(vectors, "embedding", width=space.dimension),
        )
        rows = placed_rows(vectors, space.space_id, placed)
        store.write(Replacement(PROJECTION, rows, class_name))
        png = projection_png(store.rows(PROJECTION), class_name)
        return {
            "placed_after_the_fit": int((~placed.fitted).sum()),
            "latent_space": picture(png, "projection"),
            **timer.facts(),
            **table_metadata(PROJECTION, rows),
        }

    checks = OwnChecks(judges, Judges.projection)
    return for_each_class(context, store, materialize, checks=checks)


@dg.multi_asset_check(
    name="projection_checks",
    specs=per_class(
        projection,
        inside_latent_space="Too many clips lie where the latent space was not fitted: refit it.",
    ),
)
def projection_checks(
    context: dg.AssetCheckExecutionContext, judges: JudgesResource
) -> CheckEvents:
    """Does the latent space know the places where the class's clips are."""
    yield from check_every_class(context, judges.open(), Judges.projection)
