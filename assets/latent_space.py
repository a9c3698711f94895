"""The fitted coordinate system that all classes share: scaler, PCA, 2-D layout, cluster model."""

import dagster as dg

from insight_dagster.assets.embeddings import embeddings
from insight_dagster.assets.steps.checks import CheckEvents, all_classes, check_all_together
from insight_dagster.assets.steps.ui_metadata import result_metadata
from insight_dagster.pipeline.latent_space.refit import refit_latent_space
from insight_dagster.resources.class_checks import ClassChecksResource
from insight_dagster.resources.database import DatabaseResource
from insight_dagster.resources.home_folders import HomeFoldersResource
from insight_dagster.resources.model import ModelResource
from insight_dagster.resources.options import OptionsResource


@dg.asset(
    deps=[embeddings],
    group_name="latent_space",
    kinds={"scikitlearn", "duckdb"},
    owners=["team:video-models"],
)
def latent_space(
    context: dg.AssetExecutionContext,
    insight_database: DatabaseResource,
    insight_folders: HomeFoldersResource,
    insight_model: ModelResource,
    insight_options: OptionsResource,
) -> dg.MaterializeResult:
    """One fit over the vectors of every class; nothing is fitted again when nothing changed.

    A class whose vectors cannot be trusted is left out, by name: it never feeds the fit.
    """
    result = refit_latent_space(
        insight_database.open(),
        insight_folders.open(),
        insight_model.describe(),
        settings=insight_options.load().fit_settings(),
    )
    if not result.facts["computed"]:
        context.log.info("no vector and no setting changed: the present latent space stays")
        return dg.MaterializeResult(metadata=result.facts)
    return dg.MaterializeResult(metadata=result_metadata(result))


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
    context: dg.AssetCheckExecutionContext, insight_checks: ClassChecksResource
) -> CheckEvents:
    """Does the fit stand for all clips, and the layout for the fit."""
    checks = insight_checks.open()
    yield from check_all_together(context, checks, checks.latent_space())
