"""The asset `latent_space`: the coordinate system that all classes share, and its checks."""

import dagster as dg

from insight_dagster.assets.embeddings import embeddings
from insight_dagster.assets.steps.checks import (
    CheckEvents,
    overall_check_specs,
    report_overall_checks,
)
from insight_dagster.assets.steps.ui_metadata import shared_metadata
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
)
def latent_space(
    context: dg.AssetExecutionContext,
    insight_database: DatabaseResource,
    insight_folders: HomeFoldersResource,
    insight_model: ModelResource,
    insight_options: OptionsResource,
) -> dg.MaterializeResult:
    """Fit scaler, PCA, 2-D layout and cluster model on the vectors of all classes.

    Nothing is fitted if no vector and no setting changed since the last fit. Classes without
    trusted vectors are left out of the fit and listed in the metadata.
    """
    result = refit_latent_space(
        insight_database.open(),
        insight_folders.open(),
        insight_model.describe(),
        settings=insight_options.load().fit_settings(),
    )
    if not result.facts["computed"]:
        context.log.info("no vector and no setting changed: the current latent space is kept")
    metadata = shared_metadata(result.table, result.rows, result.facts)
    return dg.MaterializeResult(metadata=metadata)


@dg.multi_asset_check(
    name="latent_space_checks",
    specs=overall_check_specs(
        latent_space,
        coverage="The latent space was fitted on all classes, and on all but "
        "`max_unfitted_share` of the usable clips.",
        trustworthiness="Neighbours in the 2-D layout are neighbours in the latent space, to "
        "`min_trustworthiness` at least.",
    ),
    can_subset=True,
)
def latent_space_checks(
    context: dg.AssetCheckExecutionContext, insight_checks: ClassChecksResource
) -> CheckEvents:
    """Check whether the fit covers all clips and the 2-D layout preserves neighbours."""
    checks = insight_checks.open()
    yield from report_overall_checks(context, checks, checks.latent_space())
