"""The stages of an analysis over many classes, in order, and the jobs that run them.

A stage begins when the one before it has ended for every class: the shared fit needs all vectors,
and no class's insights may see half a library. Used by the command line, which runs stages in its
own process, and by the nightly re-analysis, which has the daemon launch their runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass

import dagster as dg

from insight_dagster.assets.baseline import baseline
from insight_dagster.assets.clip_manifest import clip_manifest
from insight_dagster.assets.clusters import clusters
from insight_dagster.assets.embeddings import embeddings
from insight_dagster.assets.heatmap_bundles import heatmap_bundles
from insight_dagster.assets.insight_report import insight_report
from insight_dagster.assets.insights import insights
from insight_dagster.assets.latent_space import latent_space
from insight_dagster.assets.metadata_table import metadata_table
from insight_dagster.assets.performance import performance
from insight_dagster.assets.projection import projection
from insight_dagster.assets.verdict import verdict
from insight_dagster.resources.partitions import ACTION_CLASSES, CLASSES_PER_RUN

Range = tuple[str, str]
"""First and last class of a run, in the order of Dagster's partitions."""

RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"


@dataclass(frozen=True)
class Stage:
    """Assets that one job materializes, for a class each or for all together.

    Attributes:
        job: the job's name.
        assets: in the graph's order.
        per_class: whether the assets are partitioned.
        description: of the job, for people.
        retry_individually: whether a class that failed among others is worth a run of its own.
        says: it tells of classes rather than working on them: also of those that failed before,
            and no class that fails in it is lost to the stages after.
        light: a step or two that last no longer than starting processes for them would.
    """

    job: str
    assets: tuple[dg.AssetsDefinition | dg.AssetSpec, ...]
    description: str
    per_class: bool = True
    retry_individually: bool = True
    says: bool = False
    light: bool = False

    @property
    def asset_names(self) -> tuple[str, ...]:
        """Names of the assets."""
        return tuple(asset.key.to_user_string() for asset in self.assets)

    def define_job(self) -> dg.UnresolvedAssetJobDefinition:
        """The job of the stage."""
        return dg.define_asset_job(
            self.job,
            selection=list(self.asset_names),
            partitions_def=ACTION_CLASSES if self.per_class else None,
            executor_def=dg.in_process_executor if self.light else None,
            description=self.description,
        )


MEASURE = Stage(
    "measure_classes",
    (clip_manifest, embeddings, metadata_table),
    "List, embed and describe the clips of a class; only what changed is decoded.",
)
REFIT = Stage(
    "refit_latent_space",
    (latent_space,),
    "Fit scaler, PCA, layout and clusters again on all classes' vectors. After it the classes "
    "want place_classes, explain_classes and judge_classes.",
    per_class=False,
    light=True,
)
PLACE = Stage(
    "place_classes",
    (projection, clusters, performance),
    "Place a class into the present latent space and hold it against the baseline.",
)
EXPLAIN = Stage(
    "explain_classes",
    (insights, heatmap_bundles),
    "Raise a class's insights against every class that is placed, with heatmaps.",
)
JUDGE = Stage(
    "judge_classes",
    (verdict,),
    "Ask all checks of a class again: does it pass.",
    retry_individually=False,
    says=True,
    light=True,
)
REPORT = Stage(
    "write_report",
    (insight_report,),
    "Write the static report from what the tables hold.",
    per_class=False,
    light=True,
)
HOLD = Stage(
    "hold_against_baseline",
    (performance, verdict),
    "Compare classes with the baseline again, after a promotion or a new threshold.",
    retry_individually=False,
)
PROMOTE = Stage(
    "promote_baseline",
    (baseline,),
    "Make the present state the baseline that drift is measured against. Wants an author and a "
    "reason in the run's configuration.",
    per_class=False,
    light=True,
)
STAGES = (MEASURE, REFIT, PLACE, EXPLAIN, JUDGE, REPORT)


def conduct(
    stage: Stage,
    classes: Sequence[str],
    partitions: Sequence[str],
    launch: Callable[[list[Range]], Set[str]],
) -> list[str]:
    """Have a stage run for classes: many to a run, and alone those that failed among others.

    Another class's crash, or one moment's trouble, must not cost a class the stage.

    Args:
        stage: of classes.
        classes: what to run it for.
        partitions: all partitions in Dagster's order.
        launch: runs the stage's job for ranges of classes and waits; returns the classes of
            which every asset was materialized.

    Returns:
        Classes that failed.
    """
    together = ranges(classes, partitions)
    failed = _undone(classes, launch(together))
    shared = len(together) < len(classes)
    if failed and shared and stage.retry_individually:
        failed = _undone(failed, launch(ranges(failed, partitions, size=1)))
    return failed


def materializations(
    instance: dg.DagsterInstance, run_ids: Iterable[str]
) -> Iterator[dg.AssetMaterialization]:
    """Every materialization that runs recorded, of failed runs too."""
    for run_id in run_ids:
        for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION):
            event = entry.asset_materialization
            if event is not None:
                yield event


def finished(stage: Stage, events: Iterable[dg.AssetMaterialization]) -> set[str | None]:
    """Classes of which every asset of a stage was materialized; None: of no class."""
    made: dict[str, set[str | None]] = {name: set() for name in stage.asset_names}
    for event in events:
        made.get(event.asset_key.to_user_string(), set()).add(event.partition)
    return set.intersection(*made.values())


def _undone(classes: Sequence[str], done: Set[str]) -> list[str]:
    return [name for name in classes if name not in done]


def range_tags(classes: Range) -> dict[str, str]:
    """Tags that have a run materialize a range of classes."""
    return dict(zip((RANGE_START, RANGE_END), classes, strict=True))


def ranges(
    classes: Sequence[str], partitions: Sequence[str], *, size: int = CLASSES_PER_RUN
) -> list[Range]:
    """Classes as ranges of partitions, first and last: a run takes a range, not a set.

    Args:
        classes: what to cover, in any order.
        partitions: all partitions in Dagster's order; classes not among them are left out.
        size: most classes in a range.
    """
    wanted, found = set(classes), list[list[str]]()
    previous_wanted = False
    for name in partitions:
        if name in wanted:
            if not previous_wanted or len(found[-1]) >= size:
                found.append([])
            found[-1].append(name)
        previous_wanted = name in wanted
    return [(group[0], group[-1]) for group in found]
