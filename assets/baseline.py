"""The asset `baseline`: the promoted state that drift is measured against, and its promotion."""

import dagster as dg
from pydantic import Field

from insight_dagster.assets.performance import performance
from insight_dagster.assets.steps.ui_metadata import shared_metadata
from insight_dagster.assets.verdict import verdict
from insight_dagster.pipeline.promotion import promote_current_state
from insight_dagster.resources.class_checks import ClassChecksResource
from insight_dagster.resources.model import ModelResource
from insight_dagster.resources.names import Names
from insight_dagster.tables import BASELINES

_ALL = dg.AllPartitionMapping()


class Promotion(dg.Config):
    """The author of a promotion, the reason, and the failed checks that the author accepts."""

    author: str = Field(description="who promotes")
    reason: str = Field(description="why later states are to be compared with the current one")
    accept: list[str] = Field(
        default=[], description="names of failed checks that are accepted, e.g. performance_drift"
    )


baseline = dg.AssetSpec(
    "baseline",
    deps=[
        dg.AssetDep(performance, partition_mapping=_ALL),
        dg.AssetDep(verdict, partition_mapping=_ALL),
    ],
    description="The promoted state that drift is measured against. Materialized only on request, "
    "by the job promote_baseline.",
    group_name="monitoring",
    kinds={"duckdb"},
)


@dg.op
def promote(
    context: dg.OpExecutionContext,
    config: Promotion,
    insight_checks: ClassChecksResource,
    insight_model: ModelResource,
    insight_names: dg.ResourceParam[Names],
) -> None:
    """Make the current state the baseline that drift is measured against.

    The promotion is refused if a check of severity ERROR fails, for a class or for all classes
    together, unless the check is accepted by name.
    """
    rows = promote_current_state(
        insight_checks.open(),
        insight_model.describe(),
        author=config.author,
        reason=config.reason,
        accept=config.accept,
    )
    (row,) = rows.to_pylist()
    shown = {name: row[name] for name in ("author", "reason", "accepted", "clips", "accuracy")}
    metadata = shared_metadata(BASELINES, rows, shown)
    context.log_event(dg.AssetMaterialization(insight_names.key("baseline"), metadata=metadata))
