"""The asset `performance`: scores of the model and drift since the baseline, and its checks."""

import dagster as dg

from insight_dagster.assets.embeddings import embeddings
from insight_dagster.assets.metadata_table import metadata_table
from insight_dagster.assets.steps.checks import (
    AssetChecks,
    CheckEvents,
    class_check_specs,
    evaluate_class_checks,
)
from insight_dagster.assets.steps.per_class import Metadata, for_each_class
from insight_dagster.assets.steps.ui_metadata import result_metadata
from insight_dagster.pipeline.class_checks import ClassChecks
from insight_dagster.pipeline.performance import score_class
from insight_dagster.resources.class_checks import ClassChecksResource
from insight_dagster.resources.database import DatabaseResource
from insight_dagster.resources.model import ModelResource
from insight_dagster.resources.options import OptionsResource
from insight_dagster.resources.partitions import ACTION_CLASSES, PLACING
from insight_dagster.resources.thresholds import ThresholdsResource


@dg.asset(
    partitions_def=ACTION_CLASSES,
    backfill_policy=PLACING,
    deps=[embeddings, metadata_table],
    group_name="monitoring",
    kinds={"scikitlearn", "duckdb"},
)
def performance(
    context: dg.AssetExecutionContext,
    insight_database: DatabaseResource,
    insight_model: ModelResource,
    insight_options: OptionsResource,
    insight_thresholds: ThresholdsResource,
    insight_checks: ClassChecksResource,
) -> dg.MaterializeResult:
    """Measure accuracy, loss and calibration of a class, and its drift since the baseline.

    Performance drift is split into the effect of a changed model on the same clips and the effect
    of new clips. Metadata and embeddings of new clips are compared with those of the baseline.
    """
    store, model = insight_database.open(), insight_model.describe()
    thresholds = insight_thresholds.load()

    def materialize(class_name: str) -> Metadata:
        result = score_class(
            store,
            class_name,
            model_fingerprint=model.fingerprint,
            thresholds=thresholds,
            seed=insight_options.seed,
        )
        return result_metadata(result)

    checks = AssetChecks(insight_checks, ClassChecks.performance)
    return for_each_class(context, store, materialize, checks=checks)


@dg.multi_asset_check(
    name="performance_checks",
    specs=class_check_specs(
        performance,
        performance_drift="The model does as well as in the baseline, on the same clips (model "
        "change) and on new ones (population change).",
        data_drift="New clips resemble those of the baseline in metadata and embedding.",
    ),
    can_subset=True,
)
def performance_checks(
    context: dg.AssetCheckExecutionContext, insight_checks: ClassChecksResource
) -> CheckEvents:
    """Check whether the model got worse on this class or its clips changed."""
    yield from evaluate_class_checks(context, insight_checks.open(), ClassChecks.performance)
