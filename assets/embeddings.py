"""A clip's latent vector and what the model says of it."""

import dagster as dg

from insight_dagster.assets.clip_manifest import clip_manifest
from insight_dagster.assets.steps.checks import CheckEvents, check_every_class, per_class
from insight_dagster.pipeline.class_checks import ClassChecks
from insight_dagster.resources.class_checks import ClassChecksResource

embeddings = dg.AssetSpec(
    "embeddings",
    deps=[clip_manifest],
    description="Latent vectors and predictions of a class's clips, by the X3D model. Only clips "
    "whose contents this model has not seen are decoded. A clip that cannot be decoded is "
    "quarantined in the manifest and the run goes on.",
    group_name="clips",
    kinds={"pytorch", "duckdb"},
    owners=["team:video-models"],
)


@dg.multi_asset_check(
    name="embeddings_complete",
    specs=per_class(
        embeddings,
        blocking=True,
        embeddings_complete="A usable clip has no finite vector of the present model.",
    ),
)
def embeddings_complete(
    context: dg.AssetCheckExecutionContext, insight_checks: ClassChecksResource
) -> CheckEvents:
    """Every usable clip has one finite vector, all by the present model."""
    yield from check_every_class(context, insight_checks.open(), ClassChecks.embeddings_complete)


@dg.multi_asset_check(
    name="embeddings_checks",
    specs=per_class(
        embeddings,
        quarantined_share="Too many clips cannot be used, now that decoding was tried.",
    ),
)
def embeddings_checks(
    context: dg.AssetCheckExecutionContext, insight_checks: ClassChecksResource
) -> CheckEvents:
    """How many clips are left of the class."""
    yield from check_every_class(context, insight_checks.open(), ClassChecks.embeddings)
