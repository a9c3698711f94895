"""The nightly re-analysis: stage after stage over all classes, each stage's runs side by side.

One run of the job is one night. It does no work itself: for every stage it says which runs it wants
(a tag on its own run), a sensor launches them (`sensors.nightly_stages`), and it waits for their
end. So every class's work is an ordinary run of an ordinary job, queued, isolated and retried like
any other; a class that fails costs that class; and the night's own run ends as the night did.

A night that died is launched again by the daemon (`run_retries`). What was finished costs nothing
then, because every asset computes only what changed.
"""

import itertools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from insight_dagster.analysis.checks import ERROR
from insight_dagster.errors import LibraryError, RunFailedError
from insight_dagster.orchestration.stage_runs import (
    NIGHT_TAG,
    STAGE_TAG,
    WANTED_TAG,
    StageRequest,
    wait_for_earlier_nights,
    wait_for_runs,
)
from insight_dagster.orchestration.stages import (
    EXPLAIN,
    JUDGE,
    MEASURE,
    PLACE,
    PROMOTE,
    REFIT,
    REPORT,
    Range,
    Stage,
    conduct,
    finished,
    materializations,
)
from insight_dagster.pipeline.housekeeping import tidy
from insight_dagster.resources.clip_library import ClipLibraryResource
from insight_dagster.resources.database import DatabaseResource
from insight_dagster.resources.home_folders import HomeFoldersResource
from insight_dagster.resources.options import AnalysisOptions
from insight_dagster.resources.partitions import ACTION_CLASSES

JOB_NAME = "nightly_reanalysis"
CONDUCTOR_TAG = "insight/conductor"

LIBRARY_RETRIES, LIBRARY_SECONDS = 3, 300


@dataclass
class Night:
    """How far a night has come: handed from stage to stage.

    Attributes:
        classes: classes that no stage has failed for.
        failures: the job that failed first, by class.
    """

    classes: list[str]
    failures: dict[str, str] = field(default_factory=dict)

    def without(self, failed: Iterable[str], job: str) -> "Night":
        """The night after a stage that failed for some classes."""
        gone = set(failed)
        kept = [name for name in self.classes if name not in gone]
        return Night(kept, {**dict.fromkeys(sorted(gone), job), **self.failures})

    def classes_of(self, stage: Stage) -> list[str]:
        """Classes that a stage is run for."""
        return [*self.classes, *self.failures] if stage.says else self.classes


@dg.op(out=dg.Out(io_manager_key="night_io"))
def measure(context: dg.OpExecutionContext, clip_library: ClipLibraryResource) -> Night:
    """Take up new classes; list, embed and describe the clips of all.

    Raises:
        RetryRequested: the library is not there (a mount that comes back, or does not).
    """
    wait_for_earlier_nights(context)
    names = str(ACTION_CLASSES.name)
    known = context.instance.get_dynamic_partitions(names)
    try:
        found = clip_library.scan().classes
    except LibraryError as problem:
        raise dg.RetryRequested(LIBRARY_RETRIES, LIBRARY_SECONDS) from problem
    new = [name for name in found if name not in known]
    if new:
        context.instance.add_dynamic_partitions(names, new)
        context.log.info(f"new classes: {', '.join(new)}")
    return _conduct(context, MEASURE, Night([*known, *new]))


def _stage_op(name: str, stage: Stage) -> dg.OpDefinition:
    """An op that conducts one stage after another."""

    @dg.op(
        name=name,
        description=stage.description,
        ins={"night": dg.In(input_manager_key="night_io")},
        out=dg.Out(io_manager_key="night_io"),
    )
    def stage_op(context: dg.OpExecutionContext, night: Night) -> Night:
        return _conduct(context, stage, night)

    return stage_op


refit, place, explain, judge, report = (
    _stage_op(name, stage)
    for name, stage in {
        "refit": REFIT,
        "place": PLACE,
        "explain": EXPLAIN,
        "judge": JUDGE,
        "report": REPORT,
    }.items()
)


@dg.op(ins={"night": dg.In(input_manager_key="night_io")})
def conclude(
    context: dg.OpExecutionContext,
    night: Night,
    database: DatabaseResource,
    home_folders: HomeFoldersResource,
    options: AnalysisOptions,
) -> None:
    """Tidy up, and end as the night did: failed where a class failed or does not pass.

    A night that passed and shows no drift becomes the baseline, if the settings say so
    (`auto_promote`): promoted over small drifts, the baseline would follow them down.

    Raises:
        RunFailedError: names classes, stages and checks.
    """
    store = database.open()
    context.log.info(
        f"{tidy(store, home_folders.open())} files that nothing refers to were deleted"
    )
    problems = [f"{job} failed for {name!r}" for name, job in night.failures.items()]
    failing = store.read(_FAILING).to_pylist()
    problems += [
        f"{row['name']}: {row['description']}" for row in failing if row["severity"] == ERROR
    ]
    context.add_output_metadata({"classes": len(night.classes), "problems": problems})
    if problems:
        raise RunFailedError("; ".join(problems))
    if options.auto_promote and not any(_drifted(row) for row in failing):
        reason = f"night {context.run_id}: every class was analysed and passed"
        config = {"author": JOB_NAME, "reason": reason}
        ops = {"ops": {"promote": {"config": config}}}
        if None not in _run(context, PROMOTE, StageRequest(PROMOTE.job, PROMOTE.job, config=ops)):
            raise RunFailedError("the baseline was not promoted; the run's log says why")


_FAILING = """
    SELECT check_name || CASE class_name WHEN '' THEN '' ELSE ' of ' || class_name END AS name,
           description, severity, facts
    FROM check_results WHERE NOT passed ORDER BY ALL"""


def _drifted(check: Mapping[str, Any]) -> bool:
    """Whether a failed check names what drifted; there are others that tell of other things."""
    return bool(json.loads(check["facts"]).get("causes"))


@dg.job(
    name=JOB_NAME,
    executor_def=dg.in_process_executor,
    tags={CONDUCTOR_TAG: "nightly", "dagster/retry_strategy": "ALL_STEPS"},
    description="All classes: what changed is measured, the latent space refitted, every class "
    "placed, explained and checked, the report written. Fails where a class or a check does.",
)
def nightly_reanalysis() -> None:
    """One night."""
    conclude(report(judge(explain(place(refit(measure()))))))


def _conduct(context: dg.OpExecutionContext, stage: Stage, night: Night) -> Night:
    """Have a stage run for all classes of the night, and wait.

    Raises:
        RunFailedError: the stage failed for all there is; what comes after would be of yesterday.
    """
    if not stage.per_class:
        if None not in _run(context, stage, StageRequest(stage.job, stage.job)):
            raise RunFailedError(f"{stage.job} failed; the run's log says why")
        return night
    attempts = itertools.count(1)

    def launch(classes: list[Range]) -> set[str]:
        wanted = StageRequest(f"{stage.job} {next(attempts)}", stage.job, tuple(classes))
        return {name for name in _run(context, stage, wanted) if name}

    partitions = context.instance.get_dynamic_partitions(str(ACTION_CLASSES.name))
    failed = conduct(stage, night.classes_of(stage), partitions, launch)
    if stage.says:
        return Night(night.classes, {**dict.fromkeys(failed, stage.job), **night.failures})
    if failed and len(failed) == len(night.classes):
        raise RunFailedError(f"{stage.job} failed for every class; its runs say why")
    return night.without(failed, stage.job)


def _run(context: dg.OpExecutionContext, stage: Stage, wanted: StageRequest) -> set[str | None]:
    """Say which runs are wanted, wait until they have ended; returns what `finished` does."""
    context.instance.add_run_tags(context.run_id, {WANTED_TAG: wanted.to_tag(context.run_id)})
    context.log.info(f"{wanted.stage}: {len(wanted.ranges)} runs")
    tags = {NIGHT_TAG: context.run_id, STAGE_TAG: wanted.stage}
    wait_for_runs(
        lambda: context.instance.get_runs(dg.RunsFilter(tags=tags)),
        count=len(wanted.ranges),
        log=context.log.info,
        what=wanted.stage,
    )
    run_ids = [run.run_id for run in context.instance.get_runs(dg.RunsFilter(tags=tags))]
    return finished(stage, materializations(context.instance, run_ids))
