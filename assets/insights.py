"""The asset `insights`: groups of clips with a kind, evidence, causes and an action; its checks."""

import dagster as dg

from insight_dagster.assets.clusters import clusters
from insight_dagster.assets.metadata_table import metadata_table
from insight_dagster.assets.steps.checks import (
    AssetChecks,
    CheckEvents,
    class_check_specs,
    evaluate_class_checks,
)
from insight_dagster.assets.steps.per_class import Metadata, for_each_class
from insight_dagster.assets.steps.ui_metadata import insight_list, picture, result_metadata
from insight_dagster.database import Database
from insight_dagster.pipeline.class_checks import ClassChecks
from insight_dagster.pipeline.class_insights import ClassInsights, InsightSearch
from insight_dagster.pipeline.clip_table import read_clip_table
from insight_dagster.report.still_pictures import groups_png
from insight_dagster.resources.class_checks import ClassChecksResource
from insight_dagster.resources.database import DatabaseResource
from insight_dagster.resources.home_folders import HomeFoldersResource
from insight_dagster.resources.model import ModelResource
from insight_dagster.resources.options import OptionsResource
from insight_dagster.resources.partitions import ACTION_CLASSES, EXPLAINING

_EVERY_CLASS = dg.AllPartitionMapping()


@dg.asset(
    partitions_def=ACTION_CLASSES,
    backfill_policy=EXPLAINING,
    deps=[
        dg.AssetDep(clusters, partition_mapping=_EVERY_CLASS),
        dg.AssetDep(metadata_table, partition_mapping=_EVERY_CLASS),
    ],
    group_name="insights",
    kinds={"scikitlearn", "duckdb"},
)
def insights(
    context: dg.AssetExecutionContext,
    insight_database: DatabaseResource,
    insight_folders: HomeFoldersResource,
    insight_model: ModelResource,
    insight_options: OptionsResource,
    insight_checks: ClassChecksResource,
) -> dg.MaterializeResult:
    """Find groups of a class's clips that stand out among all classes, with measured causes.

    Examples are groups on which the model fails, that repeat each other or seem mislabelled.
    """
    store, model = insight_database.open(), insight_model.describe()
    read = read_clip_table(
        store,
        insight_folders.open(),
        insight_options.load(),
        model_fingerprint=model.fingerprint,
        model_labels=model.labels,
    )
    search = InsightSearch(
        store,
        read,
        model_fingerprint=model.fingerprint,
        run_id=context.run.run_id,
        seed=insight_options.seed,
        fdr=insight_options.fdr,
    )

    def materialize(class_name: str) -> Metadata:
        found = search.write_class(class_name)
        page = insight_folders.page("insights", class_name=class_name)
        return {
            "page": dg.MetadataValue.url(page),
            "ranked": insight_list(found.step.rows, found.causes),
            **_outlined(store, found, read.space_id),
            **result_metadata(found.step),
        }

    checks = AssetChecks(insight_checks, ClassChecks.insights)
    return for_each_class(context, store, materialize, checks=checks)


def _outlined(store: Database, found: ClassInsights, space_id: str) -> Metadata:
    """Return a picture of the 2-D layout with the class's most severe groups outlined, if any."""
    placed = store.read("SELECT * FROM projection WHERE space_id = ?", [space_id])
    if not placed.num_rows or not found.core_members:
        return {}
    png = groups_png(placed, found.core_members)
    return {"outlined": picture(png, "groups in the latent space")}


@dg.multi_asset_check(
    name="insights_checks",
    specs=class_check_specs(
        insights,
        pinned_insights="No pinned insight of the class is more severe than when it was "
        "pinned, by more than `max_severity_rise`.",
    ),
)
def insights_checks(
    context: dg.AssetCheckExecutionContext, insight_checks: ClassChecksResource
) -> CheckEvents:
    """Check whether a pinned insight of the class got worse."""
    yield from evaluate_class_checks(context, insight_checks.open(), ClassChecks.insights)
