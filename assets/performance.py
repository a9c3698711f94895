"""How well the model does on a class, and what changed since the promoted baseline."""

import dagster as dg
import pyarrow as pa

from insight_dagster.analysis.drift.baseline import drift_since
from insight_dagster.analysis.drift.performance.performance import performance_rows, scored_clips
from insight_dagster.assets.embeddings import embeddings
from insight_dagster.assets.metadata_table import metadata_table
from insight_dagster.assets.steps.checks import CheckEvents, OwnChecks, check_every_class, per_class
from insight_dagster.assets.steps.per_class import Metadata, for_each_class
from insight_dagster.assets.steps.ui_metadata import table_metadata
from insight_dagster.database import Database
from insight_dagster.database.writes import ReplacePartition
from insight_dagster.pipeline.baseline import newest_baseline, now, then
from insight_dagster.pipeline.class_checks import ClassChecks
from insight_dagster.pipeline.timer import Timer
from insight_dagster.pipeline.trusted_vectors import refuse_mixed
from insight_dagster.resources.class_checks import ClassChecksResource
from insight_dagster.resources.database import DatabaseResource
from insight_dagster.resources.model import ModelResource
from insight_dagster.resources.options import OptionsResource
from insight_dagster.resources.partitions import ACTION_CLASSES, PLACING
from insight_dagster.resources.thresholds import ThresholdsResource
from insight_dagster.settings.thresholds import Thresholds
from insight_dagster.tables import DRIFT, PERFORMANCE


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
    database: DatabaseResource,
    classifier: ModelResource,
    options: OptionsResource,
    check_thresholds: ThresholdsResource,
    class_checks: ClassChecksResource,
) -> dg.MaterializeResult:
    """Accuracy, loss and calibration of a class, and its drift since the baseline.

    Drift is parted into what a changed model or pipeline did to the same clips, and what new clips
    did; metadata and embeddings of the new clips are compared with the baseline's.
    """
    store, model = database.open(), classifier.describe()
    thresholds = check_thresholds.load()

    def materialize(class_name: str) -> Metadata:
        timer = Timer()
        refuse_mixed(store, class_name)
        clips = scored_clips(now(store, class_name).scores)
        figures = performance_rows(class_name, clips, model_fingerprint=model.fingerprint)
        drift = _drift(store, class_name, thresholds=thresholds, seed=options.seed)
        store.write(
            ReplacePartition(PERFORMANCE, figures, class_name),
            ReplacePartition(DRIFT, drift, class_name),
        )
        overall = figures.to_pylist()[0]
        return {
            **{name: overall[name] for name in ("clips", "accuracy", "mean_loss")},
            "calibration_error": overall["calibration_error"],
            "compared_with_baseline": drift["baseline_id"][0].as_py() if drift.num_rows else None,
            **timer.facts(),
            **table_metadata(PERFORMANCE, figures),
        }

    checks = OwnChecks(class_checks, ClassChecks.performance)
    return for_each_class(context, store, materialize, checks=checks)


def _drift(store: Database, class_name: str, *, thresholds: Thresholds, seed: int) -> pa.Table:
    """The class's rows of `drift`; none while there is no baseline."""
    baseline = newest_baseline(store)
    if baseline is None:
        return DRIFT.from_rows([])
    return drift_since(
        class_name,
        then(store, baseline, class_name),
        now(store, class_name, with_vectors=True),
        baseline_id=baseline["baseline_id"],
        thresholds=thresholds,
        seed=seed,
    )


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
    context: dg.AssetCheckExecutionContext, class_checks: ClassChecksResource
) -> CheckEvents:
    """Has the model become worse on the class, or the class another one."""
    yield from check_every_class(context, class_checks.open(), ClassChecks.performance)
