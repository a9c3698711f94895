"""The asset `insight_report`: a static site of the results of all assets, and its checks."""

import dagster as dg
import pyarrow as pa

from insight_dagster.analysis.insights.finding import CORE_WEIGHT
from insight_dagster.assets.heatmap_bundles import heatmap_bundles
from insight_dagster.assets.projection import projection
from insight_dagster.assets.steps.checks import (
    CheckEvents,
    overall_check_specs,
    report_overall_checks,
)
from insight_dagster.assets.steps.facts import shared_facts
from insight_dagster.assets.steps.per_class import Metadata
from insight_dagster.assets.steps.ui_metadata import insight_list, markdown_table, picture
from insight_dagster.database import Database
from insight_dagster.pipeline.performance import read_scores
from insight_dagster.pipeline.report_data import read_report_data
from insight_dagster.report.report_data import ReportData
from insight_dagster.report.site import write_site
from insight_dagster.report.still_pictures import groups_png
from insight_dagster.resources.class_checks import ClassChecksResource
from insight_dagster.resources.database import DatabaseResource
from insight_dagster.resources.home_folders import HomeFoldersResource
from insight_dagster.tables import INSIGHT_CAUSES, INSIGHTS


@dg.asset(
    deps=[projection, heatmap_bundles],
    group_name="insights",
    kinds={"html"},
)
def insight_report(
    context: dg.AssetExecutionContext,
    insight_database: DatabaseResource,
    insight_folders: HomeFoldersResource,
) -> dg.MaterializeResult:
    """Write the report, a static site: overview, latent space, insights, clips, changes."""
    store, folders = insight_database.open(), insight_folders.open()
    data = read_report_data(store, folders, run_id=context.run.run_id)
    page = write_site(data, folders.report)
    return dg.MaterializeResult(
        metadata={
            "page": dg.MetadataValue.path(str(page)),
            "open": dg.MetadataValue.url(insight_folders.page()),
            "ranked": insight_list(store.rows(INSIGHTS), store.rows(INSIGHT_CAUSES)),
            **_space_picture(store, data),
            "insights": len(data.insights),
            "clips": len(data.predictions),
            "placed": len(data.projection),
            **_scores(store),
        }
    )


def _scores(store: Database) -> Metadata:
    """Return the scores of every class as a table; accuracies as numbers too, to be plotted.

    One number for each class, so that a plot shows one class from night to night. A library of many
    classes has the table alone: the page would be nothing but plots.
    """
    rows = read_scores(store)
    accuracies = {
        f"accuracy of {row['class']}": row["accuracy"]
        for row in rows.to_pylist()
        if row["accuracy"] is not None and rows.num_rows <= _PLOTTED_CLASSES
    }
    return {"scores": markdown_table(rows), **shared_facts(accuracies)}


_PLOTTED_CLASSES = 25


def _space_picture(store: Database, data: ReportData) -> dict[str, dg.MetadataValue]:
    """Return a picture of the latent space with the five most severe groups outlined.

    There is none if no clip has been placed yet.
    """
    if not len(data.projection):
        return {}
    core = data.insight_members[data.insight_members["weight"] >= CORE_WEIGHT]
    worst = data.insights.sort_values("severity", ascending=False).head(5)
    groups = {
        f"{at} {row.kind}: {row.class_name}": core[core["insight_id"] == row.insight_id]["clip_id"]
        for at, row in enumerate(worst.itertuples(), 1)
    }
    placed = pa.Table.from_pandas(data.projection[["clip_id", "x", "y"]], preserve_index=False)
    return {"latent_space": picture(groups_png(placed, groups), "latent space")}


@dg.multi_asset_check(
    name="insight_report_checks",
    specs=overall_check_specs(
        insight_report,
        complete="The report shows every usable clip of every class.",
        performance_drift_overall="The model does as well as in the baseline over all classes.",
    ),
    can_subset=True,
)
def insight_report_checks(
    context: dg.AssetCheckExecutionContext, insight_checks: ClassChecksResource
) -> CheckEvents:
    """Check whether the report shows every class and whether the model got worse overall."""
    checks = insight_checks.open()
    yield from report_overall_checks(context, checks, checks.report())
