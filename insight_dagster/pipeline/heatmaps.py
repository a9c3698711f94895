"""The use case of the asset `heatmap_bundles`: draw heatmaps of one class's example clips."""

from __future__ import annotations

from insight_dagster.analysis.heatmaps.example_clips import (
    choose_examples,
    plan_bundles,
    with_insights,
)
from insight_dagster.analysis.heatmaps.heatmap_bundles import make_bundles
from insight_dagster.analysis.model.video_classifier import VideoClassifier
from insight_dagster.database.writes import ReplacePartition
from insight_dagster.files.home_folders import HomeFolders
from insight_dagster.pipeline.class_clips import ClassClips
from insight_dagster.pipeline.step_result import StepResult, Timer
from insight_dagster.tables import HEATMAP_BUNDLES, INSIGHT_MEMBERS, INSIGHTS, PREDICTIONS


def draw_class(
    work: ClassClips, model: VideoClassifier, folders: HomeFolders, *, per_insight: int
) -> StepResult:
    """Write heatmap bundles of the example clips of a class's insights.

    Bundles that exist already are reused.

    Args:
        work: the class's clips.
        model: the classifier with its weights.
        folders: the home's folders, which the bundles are written to.
        per_insight: number of example clips per insight.
    """
    timer, store, name = Timer(), work.store, work.name
    examples = choose_examples(
        store.rows(INSIGHTS, name),
        store.rows(INSIGHT_MEMBERS, name),
        clip_ids={clip.clip_id for clip in work.clips},
        per_insight=per_insight,
    )
    plan = plan_bundles(
        examples,
        work.clips,
        predictions=store.rows(PREDICTIONS, name),
        stored=store.rows(HEATMAP_BUNDLES, name),
        model_fingerprint=model.fingerprint,
        home=folders.root,
    )
    made = make_bundles(
        plan.clips,
        model,
        targets=plan.targets,
        folder=folders.heatmaps,
        home=folders.root,
        workers=work.workers,
        decode=work.decode,
        progress=work.follow(HEATMAP_BUNDLES.name, len(plan.clips)),
    )
    rows = with_insights(plan.reused, made.rows, examples)
    store.write(ReplacePartition(HEATMAP_BUNDLES, rows, name))
    facts = {
        "computed": made.rows.num_rows,
        "reused": plan.reused.num_rows,
        "failed": dict(made.problems),
        **timer.facts(made.rows.num_rows),
    }
    return StepResult(HEATMAP_BUNDLES, rows, facts)
