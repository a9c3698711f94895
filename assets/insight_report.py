"""The static report: one page that explains everything the other assets found."""

import dagster as dg
import pyarrow as pa

from insight_dagster.analysis.insights.finding import CORE_WEIGHT
from insight_dagster.assets.heatmap_bundles import heatmap_bundles
from insight_dagster.assets.projection import projection
from insight_dagster.assets.steps.checks import CheckEvents, all_classes, check_all_together
from insight_dagster.assets.steps.ui_metadata import insight_list, picture
from insight_dagster.database import Database
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
    owners=["team:video-models"],
)
def insight_report(
    context: dg.AssetExecutionContext,
    insight_database: DatabaseResource,
    insight_folders: HomeFoldersResource,
) -> dg.MaterializeResult:
    """A static site, run by run: overview, latent space, insights, clips, what changed."""
    store, folders = insight_database.open(), insight_folders.open()
    data = read_report_data(store, folders, run_id=context.run_id)
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
        }
    )


def _space_picture(store: Database, data: ReportData) -> dict[str, dg.MetadataValue]:
    """The latent space with the five most severe groups outlined, where there is one."""
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
    specs=all_classes(
        insight_report,
        complete="The page is missing, or it leaves classes out.",
        performance_drift_overall="The model does worse than in the baseline on the whole.",
    ),
    can_subset=True,
)
def insight_report_checks(
    context: dg.AssetCheckExecutionContext, insight_checks: ClassChecksResource
) -> CheckEvents:
    """Does the report show every class, and did the model become worse on the whole."""
    checks = insight_checks.open()
    yield from check_all_together(context, checks, checks.report())
