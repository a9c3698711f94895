"""Groups of clips with a kind, evidence, causes and an action."""

from collections import Counter
from functools import cache

import dagster as dg

from insight_dagster.analysis.actions import FollowUp, follow_up, no_follow_up
from insight_dagster.analysis.insights import Discovery, InsightSet, discover, nothing_found
from insight_dagster.assets.clusters import clusters
from insight_dagster.assets.metadata_table import metadata_table
from insight_dagster.assets.steps.checks import CheckEvents, OwnChecks, check_every_class, per_class
from insight_dagster.assets.steps.per_class import Metadata, for_each_class
from insight_dagster.assets.steps.ui_metadata import insight_list, picture, table_metadata
from insight_dagster.database import Database
from insight_dagster.database.writes import ReplacePartition, Upsert
from insight_dagster.pipeline.class_checks import ClassChecks
from insight_dagster.pipeline.clip_table import read_clip_table
from insight_dagster.pipeline.insight_ledger import ledger_lines
from insight_dagster.pipeline.timer import Timer
from insight_dagster.report.still_pictures import groups_png
from insight_dagster.resources.class_checks import ClassChecksResource
from insight_dagster.resources.database import DatabaseResource
from insight_dagster.resources.home_folders import HomeFoldersResource
from insight_dagster.resources.model import ModelResource
from insight_dagster.resources.options import OptionsResource
from insight_dagster.resources.partitions import ACTION_CLASSES, EXPLAINING
from insight_dagster.tables import (
    INSIGHT_ACTIONS,
    INSIGHT_CAUSES,
    INSIGHT_EFFECTS,
    INSIGHT_LEDGER,
    INSIGHT_MEMBERS,
    INSIGHTS,
)

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
    owners=["team:video-models"],
)
def insights(
    context: dg.AssetExecutionContext,
    database: DatabaseResource,
    home_folders: HomeFoldersResource,
    classifier: ModelResource,
    options: OptionsResource,
    class_checks: ClassChecksResource,
) -> dg.MaterializeResult:
    """What is wrong with a class's clips, compared with all classes, and the measured causes."""
    store, model = database.open(), classifier.describe()
    read = read_clip_table(
        store,
        home_folders.open(),
        options.load(),
        model_fingerprint=model.fingerprint,
        model_labels=model.labels,
    )
    clips = read.clips

    @cache
    def discovery() -> Discovery:  # of all classes at once, whichever class asks first
        return discover(clips, seed=options.seed, fdr=options.fdr)

    def materialize(class_name: str) -> Metadata:
        timer, found, after = Timer(), nothing_found(), no_follow_up()
        skipped = ["every clip of the class is quarantined"]
        if class_name in clips.classes:  # else every clip of it is quarantined
            found = discovery().of_class(
                class_name, model_fingerprint=model.fingerprint, space_id=read.space_id
            )
            skipped = discovery().skipped_for(class_name)
            after = _steps(discovery(), class_name)
        lines = ledger_lines(store, found, class_name, context.run_id)
        store.write(
            ReplacePartition(INSIGHTS, found.insights, class_name),
            ReplacePartition(INSIGHT_MEMBERS, found.members, class_name),
            ReplacePartition(INSIGHT_CAUSES, found.causes, class_name),
            ReplacePartition(INSIGHT_ACTIONS, after.actions, class_name),
            ReplacePartition(INSIGHT_EFFECTS, after.effects, class_name),
            Upsert(INSIGHT_LEDGER, INSIGHT_LEDGER.from_rows(lines)),
        )
        statuses = Counter(line["status"] for line in lines)
        return {
            "compared_with_clips": len(clips),
            **read.notes,
            **({"skipped_tests": skipped} if skipped else {}),
            **{f"insights_{status}": count for status, count in statuses.items()},
            "page": dg.MetadataValue.url(home_folders.page("insights", class_name=class_name)),
            "ranked": insight_list(found.insights, found.causes),
            **_outlined(store, found, read.space_id),
            **timer.facts(),
            **table_metadata(INSIGHTS, found.insights),
        }

    checks = OwnChecks(class_checks, ClassChecks.insights)
    return for_each_class(context, store, materialize, checks=checks)


def _steps(discovery: Discovery, class_name: str) -> FollowUp:
    """What to do because of the insights of a class, and what it would bring."""
    return follow_up(
        discovery.ranked,
        discovery.clips,
        class_name=class_name,
        seed=discovery.seed,
        causes=discovery.causes,
    )


def _outlined(store: Database, found: InsightSet, space_id: str) -> Metadata:
    """The class's most severe groups in the 2-D layout, where there is one of this space."""
    placed = store.read("SELECT * FROM projection WHERE space_id = ?", [space_id])
    if not placed.num_rows or not len(found):
        return {}
    core = found.core_members()
    groups = {
        f"{number}. {row['kind']}": core.get(row["insight_id"], [])
        for number, row in enumerate(found.insights.to_pylist()[:5], 1)
    }
    return {"outlined": picture(groups_png(placed, groups), "groups in the latent space")}


@dg.multi_asset_check(
    name="insights_checks",
    specs=per_class(
        insights,
        pinned_insights="An insight that is watched has become worse than it was when pinned.",
    ),
)
def insights_checks(
    context: dg.AssetCheckExecutionContext, class_checks: ClassChecksResource
) -> CheckEvents:
    """Have the watched insights of the class become worse."""
    yield from check_every_class(context, class_checks.open(), ClassChecks.insights)
