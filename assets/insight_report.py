"""The static report: one page that explains everything the other assets found."""

import dagster as dg

from assets.check_steps import CheckEvents, all_classes, check_all_together
from assets.heatmap_bundles import heatmap_bundles
from assets.judges import JudgesResource
from assets.projection import projection
from assets.report_data import read_report_data
from insight_dagster.report.insight_report import write_report
from resources.bundle_folder import BundleFolderResource
from resources.database import DatabaseResource


@dg.asset(
    deps=[projection, heatmap_bundles],
    group_name="insights",
    kinds={"html"},
    owners=["team:video-models"],
)
def insight_report(
    database: DatabaseResource,
    bundle_folder: BundleFolderResource,
) -> dg.MaterializeResult:
    """A self-contained HTML page: latent space, insights with causes and examples, confusions."""
    data = read_report_data(database.open(), bundle_folder.root)
    page = write_report(data, bundle_folder.report)
    return dg.MaterializeResult(
        metadata={
            "page": dg.MetadataValue.path(str(page)),
            "bytes": page.stat().st_size,
            "insights": len(data.insights),
            "clips": len(data.predictions),
            "placed": len(data.projection),
        }
    )


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
    context: dg.AssetCheckExecutionContext, judges: JudgesResource
) -> CheckEvents:
    """Does the report show every class, and did the model become worse on the whole."""
    bench = judges.open()
    yield from check_all_together(context, bench, bench.report())
