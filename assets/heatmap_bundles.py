"""Where the model looked: attribution volume and 4x4 frame grid of an insight's example clips."""

import dagster as dg

from insight_dagster.analysis.clip_library.pending_clips import usable_clips
from insight_dagster.analysis.heatmaps.example_clips import (
    choose_examples,
    plan_bundles,
    with_insights,
)
from insight_dagster.analysis.heatmaps.heatmap_bundles import make_bundles
from insight_dagster.assets.insights import insights
from insight_dagster.assets.steps.per_class import Metadata, for_each_class
from insight_dagster.assets.steps.ui_metadata import first_grid, table_metadata
from insight_dagster.database.writes import ReplacePartition
from insight_dagster.pipeline.timer import Timer
from insight_dagster.resources.clip_library import ClipLibraryResource
from insight_dagster.resources.database import DatabaseResource
from insight_dagster.resources.home_folders import HomeFoldersResource
from insight_dagster.resources.model import ModelResource
from insight_dagster.resources.options import OptionsResource
from insight_dagster.resources.partitions import ACTION_CLASSES, EXPLAINING
from insight_dagster.resources.progress import Progress
from insight_dagster.tables import (
    CLIP_MANIFEST,
    HEATMAP_BUNDLES,
    INSIGHT_MEMBERS,
    INSIGHTS,
    PREDICTIONS,
)


@dg.asset(
    partitions_def=ACTION_CLASSES,
    backfill_policy=EXPLAINING,
    deps=[insights],
    pool="gpu",
    group_name="insights",
    kinds={"pytorch", "duckdb"},
    owners=["team:video-models"],
)
def heatmap_bundles(
    context: dg.AssetExecutionContext,
    clip_library: ClipLibraryResource,
    database: DatabaseResource,
    home_folders: HomeFoldersResource,
    classifier: ModelResource,
    options: OptionsResource,
    progress: dg.ResourceParam[Progress],
) -> dg.MaterializeResult:
    """Grad-CAM of the predicted label for the clips that stand for each of a class's insights."""
    store, model, folders = database.open(), classifier.load(), home_folders.open()

    def materialize(class_name: str) -> Metadata:
        timer = Timer()
        clips = usable_clips(store.rows(CLIP_MANIFEST, class_name), clip_library.root)
        examples = choose_examples(
            store.rows(INSIGHTS, class_name),
            store.rows(INSIGHT_MEMBERS, class_name),
            clip_ids={clip.clip_id for clip in clips},
            per_insight=options.heatmaps_per_insight,
        )
        work = plan_bundles(
            examples,
            clips,
            predictions=store.rows(PREDICTIONS, class_name),
            stored=store.rows(HEATMAP_BUNDLES, class_name),
            model_fingerprint=model.fingerprint,
            home=folders.root,
        )
        made = make_bundles(
            work.clips,
            model,
            targets=work.targets,
            folder=folders.heatmaps,
            home=folders.root,
            workers=options.workers,
            decode=clip_library.decoding().decode_window,
            progress=progress.track(context, f"heatmap_bundles · {class_name}", len(work.clips)),
        )
        rows = with_insights(work.reused, made.rows, examples)
        store.write(ReplacePartition(HEATMAP_BUNDLES, rows, class_name))
        return {
            "computed": made.rows.num_rows,
            "reused": work.reused.num_rows,
            "failed": dict(made.problems),
            **first_grid(rows, folders.root),
            **timer.facts(made.rows.num_rows),
            **table_metadata(HEATMAP_BUNDLES, rows),
        }

    return for_each_class(context, store, materialize)
