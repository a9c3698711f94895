"""How well the model does on a class, and what changed since the promoted baseline."""

import dagster as dg

from insight_dagster.assets.embeddings import embeddings
from insight_dagster.assets.metadata_table import metadata_table
from insight_dagster.assets.steps.checks import CheckEvents, OwnChecks, check_every_class, per_class
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
    owners=["team:video-models"],
)
def performance(
    context: dg.AssetExecutionContext,
    insight_database: DatabaseResource,
    insight_model: ModelResource,
    insight_options: OptionsResource,
    insight_thresholds: ThresholdsResource,
    insight_checks: ClassChecksResource,
) -> dg.MaterializeResult:
    """Accuracy, loss and calibration of a class, and its drift since the baseline.

    Drift is split into what a changed model or pipeline did to the same clips, and what new clips
    did; metadata and embeddings of the new clips are compared with the baseline's.
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

    checks = OwnChecks(insight_checks, ClassChecks.performance)
    return for_each_class(context, store, materialize, checks=checks)


@dg.multi_asset_check(
    name="performance_checks",
    specs=per_class(
        performance,
        performance_drift="The model does worse than in the baseline: on the same clips (model "
        "change) or on new ones (population change).",
        data_drift="New clips differ from the baseline's in metadata or embedding.",
    ),
    can_subset=True,
)
def performance_checks(
    context: dg.AssetCheckExecutionContext, insight_checks: ClassChecksResource
) -> CheckEvents:
    """Has the model become worse on the class, or the class another one."""
    yield from check_every_class(context, insight_checks.open(), ClassChecks.performance)
