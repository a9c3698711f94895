"""The promoted performance figures that drift is measured against."""

import dagster as dg
from pydantic import Field

from insight_dagster.assets.performance import performance
from insight_dagster.assets.steps.ui_metadata import table_metadata
from insight_dagster.assets.verdict import verdict
from insight_dagster.pipeline.promotion import promote_present_state
from insight_dagster.resources.class_checks import ClassChecksResource
from insight_dagster.resources.model import ModelResource
from insight_dagster.tables import BASELINES

_ALL = dg.AllPartitionMapping()


class Promotion(dg.Config):
    """Who promotes, why, and which failing checks that person accepts."""

    author: str = Field(description="who promotes")
    reason: str = Field(description="why the present state is what later ones are compared with")
    accept: list[str] = Field(
        default=[], description="names of failing checks that are accepted, e.g. performance_drift"
    )


baseline = dg.AssetSpec(
    "baseline",
    deps=[
        dg.AssetDep(performance, partition_mapping=_ALL),
        dg.AssetDep(verdict, partition_mapping=_ALL),
    ],
    description="The state that drift is measured against. Materialized only on request, by the "
    "job promote_baseline.",
    group_name="monitoring",
    kinds={"duckdb"},
    owners=["team:video-models"],
)


@dg.op
def promote(
    context: dg.OpExecutionContext,
    config: Promotion,
    insight_checks: ClassChecksResource,
    insight_model: ModelResource,
) -> None:
    """Make the present state the baseline: from now on drift is measured against it.

    Refused while a check of severity ERROR fails, of a class or of all classes, that is not
    accepted by name.
    """
    rows = promote_present_state(
        insight_checks.open(),
        insight_model.describe(),
        author=config.author,
        reason=config.reason,
        accept=config.accept,
    )
    (row,) = rows.to_pylist()
    shown = {name: row[name] for name in ("author", "reason", "accepted", "clips", "accuracy")}
    context.log_event(
        dg.AssetMaterialization(baseline.key, metadata={**shown, **table_metadata(BASELINES, rows)})
    )
