"""The asset `embeddings`: latent vectors and predictions of the clips, and its checks.

The step that materializes it is in `measurements`.
"""

import dagster as dg

from insight_dagster.assets.clip_manifest import clip_manifest
from insight_dagster.assets.steps.checks import (
    CheckEvents,
    class_check_specs,
    evaluate_class_checks,
)
from insight_dagster.pipeline.class_checks import ClassChecks
from insight_dagster.resources.class_checks import ClassChecksResource

embeddings = dg.AssetSpec(
    "embeddings",
    deps=[clip_manifest],
    description="Latent vectors and predictions of a class's clips, computed by the X3D model. "
    "Clips whose contents have a vector of this model already are not decoded again. A clip that "
    "cannot be decoded is quarantined in the manifest, and the run continues.",
    group_name="clips",
    kinds={"pytorch", "duckdb"},
)


@dg.multi_asset_check(
    name="embeddings_complete",
    specs=class_check_specs(
        embeddings,
        blocking=True,
        embeddings_complete="Every usable clip has a finite vector of the current model.",
    ),
)
def embeddings_complete(
    context: dg.AssetCheckExecutionContext, insight_checks: ClassChecksResource
) -> CheckEvents:
    """Check whether every usable clip has a finite vector of the current model."""
    yield from evaluate_class_checks(
        context, insight_checks.open(), ClassChecks.embeddings_complete
    )


@dg.multi_asset_check(
    name="embeddings_checks",
    specs=class_check_specs(
        embeddings,
        quarantined_share="At most `max_quarantined_share` of the class's clips are quarantined "
        "after decoding.",
    ),
)
def embeddings_checks(
    context: dg.AssetCheckExecutionContext, insight_checks: ClassChecksResource
) -> CheckEvents:
    """Check whether enough of the class's clips could be decoded."""
    yield from evaluate_class_checks(context, insight_checks.open(), ClassChecks.decoding)
