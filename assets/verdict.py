"""The asset `verdict`: whether a class passes all its checks at the end of its analysis."""

import dagster as dg

from insight_dagster.assets.clusters import clusters
from insight_dagster.assets.embeddings import embeddings
from insight_dagster.assets.heatmap_bundles import heatmap_bundles
from insight_dagster.assets.insights import insights
from insight_dagster.assets.performance import performance
from insight_dagster.assets.projection import projection
from insight_dagster.assets.steps.facts import class_facts
from insight_dagster.assets.steps.per_class import Metadata, for_each_class
from insight_dagster.database.writes import ReplacePartition
from insight_dagster.errors import ChecksFailedError
from insight_dagster.resources.class_checks import ClassChecksResource
from insight_dagster.resources.partitions import ACTION_CLASSES, EXPLAINING
from insight_dagster.tables import VERDICTS
from insight_dagster.tables.clock import timestamp_now


@dg.asset(
    partitions_def=ACTION_CLASSES,
    backfill_policy=EXPLAINING,
    deps=[embeddings, performance, projection, clusters, insights, heatmap_bundles],
    group_name="monitoring",
    kinds={"duckdb"},
)
def verdict(
    context: dg.AssetExecutionContext, insight_checks: ClassChecksResource
) -> dg.MaterializeResult:
    """Evaluate all checks of a class again, and fail if one of severity ERROR fails.

    Runs and backfills fail with it, so that a class that does not pass is seen. A baseline cannot
    be promoted until the class passes, or the author of the promotion accepts the failed checks by
    name.
    """
    checks = insight_checks.open()

    def materialize(class_name: str) -> Metadata:
        errors, warnings = checks.failing(class_name, checks.outcomes_of_class(class_name))
        row = {
            "class_name": class_name,
            "cleared": not errors,
            "errors": list(errors),
            "warnings": list(warnings),
            "decided_at": timestamp_now(),
        }
        checks.store.write(ReplacePartition(VERDICTS, VERDICTS.from_rows([row]), class_name))
        if errors:
            raise ChecksFailedError(
                "; ".join(f"{name}: {outcome.description}" for name, outcome in errors.items())
            )
        shown = {name: outcome.description for name, outcome in warnings.items()}
        return class_facts({"cleared": True, "warnings": shown})

    return for_each_class(context, checks.store, materialize)
