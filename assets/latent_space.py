"""The fitted coordinate system that all classes share: scaler, PCA, 2-D layout, cluster model."""

import dagster as dg

from insight_dagster.analysis.latent_space.fitting import fit_key, fit_latent_space
from insight_dagster.assets.embeddings import embeddings
from insight_dagster.assets.steps.checks import CheckEvents, all_classes, check_all_together
from insight_dagster.assets.steps.ui_metadata import table_metadata
from insight_dagster.database.writes import ReplacePartition
from insight_dagster.pipeline.latent_space import is_usable, newest_space, reasons, space_row
from insight_dagster.pipeline.timer import Timer
from insight_dagster.pipeline.trusted_vectors import vectors_for_the_fit
from insight_dagster.resources.class_checks import ClassChecksResource
from insight_dagster.resources.database import DatabaseResource
from insight_dagster.resources.home_folders import HomeFoldersResource
from insight_dagster.resources.model import ModelResource
from insight_dagster.resources.options import OptionsResource
from insight_dagster.tables import LATENT_SPACES
from insight_dagster.tables.arrays import matrix_of


@dg.asset(
    deps=[embeddings],
    group_name="latent_space",
    kinds={"scikitlearn", "duckdb"},
    owners=["team:video-models"],
)
def latent_space(
    context: dg.AssetExecutionContext,
    database: DatabaseResource,
    home_folders: HomeFoldersResource,
    classifier: ModelResource,
    options: OptionsResource,
) -> dg.MaterializeResult:
    """One fit over the vectors of every class; nothing is fitted again when nothing changed.

    A class whose vectors cannot be trusted is left out, by name: it never feeds the fit.
    """
    timer = Timer()
    store, model, folders = database.open(), classifier.describe(), home_folders.open()
    vectors, left_out = vectors_for_the_fit(store, model.fingerprint)
    settings = options.load().fit_settings()
    key, newest = fit_key(vectors, settings=settings), newest_space(store)
    if newest is not None and is_usable(newest, folders, fit_key=key):
        context.log.info("no vector and no setting changed: the present latent space stays")
        kept = newest | {"left_out": reasons(left_out)}
        store.write(
            ReplacePartition(LATENT_SPACES, LATENT_SPACES.from_rows([kept]), kept["space_id"])
        )
        return dg.MaterializeResult(metadata={"computed": 0, "left_out": left_out})
    space = fit_latent_space(
        matrix_of(vectors, "embedding", width=model.dimension),
        vectors["clip_id"].to_pylist(),
        taps=model.taps,
        **settings,
    )
    path = folders.latent_spaces / f"{space.space_id}.npz"
    space.save(path)
    row = space_row(
        space,
        vectors=vectors,
        left_out=left_out,
        fit_key=key,
        path=str(path.relative_to(folders.root)),
    )
    store.write(ReplacePartition(LATENT_SPACES, row, space.space_id))
    return dg.MaterializeResult(
        metadata={
            **timer.facts(),
            "computed": len(space.clip_ids),
            "space_id": space.space_id,
            "left_out": left_out,
            "clusters": space.clusters.count,
            "stability": space.clusters.mean_stability,
            "noise_share": space.clusters.noise_share,
            "explained_variance": space.explained_variance,
            "trustworthiness": space.trustworthiness,
            **table_metadata(LATENT_SPACES, row),
        }
    )


@dg.multi_asset_check(
    name="latent_space_checks",
    specs=all_classes(
        latent_space,
        coverage="The fit left classes or many clips out.",
        trustworthiness="Neighbours in the 2-D layout are no neighbours in the latent space.",
    ),
    can_subset=True,
)
def latent_space_checks(
    context: dg.AssetCheckExecutionContext, class_checks: ClassChecksResource
) -> CheckEvents:
    """Does the fit stand for all clips, and the layout for the fit."""
    checks = class_checks.open()
    yield from check_all_together(context, checks, checks.latent_space())
