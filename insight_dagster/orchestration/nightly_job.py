"""The nightly re-analysis: one stage after another over all classes, a stage's runs side by side.

One run of the job is one night. It computes nothing itself: for every stage it requests runs
(`stage_requests`), a sensor launches them, and it waits until they have ended. So the work on a
class is an ordinary run of an ordinary job, queued, isolated and retried like any other; a class
that fails costs only that class; and the nightly run ends as its stages did.

A nightly run that died is launched again by the daemon (`run_retries`). What was finished costs
nothing then, because every asset computes only what changed.
"""

import json
from collections.abc import Mapping
from typing import Any

import dagster as dg

from insight_dagster.analysis.checks import ERROR
from insight_dagster.errors import LibraryError, RunFailedError
from insight_dagster.orchestration.dagster_internals import RETRY_STRATEGY_TAG
from insight_dagster.orchestration.run_stages import Analysis, StageFailure, run_stage
from insight_dagster.orchestration.stage_launchers import DaemonLauncher
from insight_dagster.orchestration.stage_requests import wait_for_earlier_nights
from insight_dagster.orchestration.stages import (
    EVALUATE,
    EXPLAIN,
    EXTRACT,
    NIGHT_JOB,
    PLACE,
    PROMOTE,
    REFIT,
    REPORT,
    Stage,
)
from insight_dagster.orchestration.upkeep.old_runs import tidy
from insight_dagster.pipeline.home import note_of_last_write
from insight_dagster.resources.clip_library import ClipLibraryResource
from insight_dagster.resources.database import DatabaseResource
from insight_dagster.resources.home_folders import HomeFoldersResource
from insight_dagster.resources.names import Names
from insight_dagster.resources.options import OptionsResource

SINGLE_NIGHT_TAG = "insight/conductor"
"""Limits the nightly runs of a home to one: the instance's `dagster.yaml` names it."""

LIBRARY_RETRIES, LIBRARY_SECONDS = 3, 300


@dg.op(out=dg.Out(io_manager_key="insight_night_io"))
def extract(
    context: dg.OpExecutionContext,
    insight_library: ClipLibraryResource,
    insight_database: DatabaseResource,
    insight_names: dg.ResourceParam[Names],
) -> Analysis:
    """Add new classes as partitions, then list, embed and describe the clips of every class.

    Raises:
        DatabaseUnavailableError: the database is damaged, or another program holds it.
        RetryRequested: the library cannot be read; it may be a mount that comes back.
    """
    wait_for_earlier_nights(context, insight_names)
    store = insight_database.open()
    store.check_file()
    note = note_of_last_write(store)
    if note is not None:
        context.log.warning(note)
    partition_set = insight_names.partition_set
    known = context.instance.get_dynamic_partitions(partition_set)
    try:
        found = insight_library.scan().classes
    except LibraryError as problem:
        raise dg.RetryRequested(LIBRARY_RETRIES, LIBRARY_SECONDS) from problem
    new = [name for name in found if name not in known]
    if new:
        context.instance.add_dynamic_partitions(partition_set, new)
        context.log.info(f"new classes: {', '.join(new)}")
    return _run(context, insight_names, EXTRACT, Analysis((*known, *new)))


def _stage_op(name: str, stage: Stage) -> dg.OpDefinition:
    """Return an op that runs one stage of a night."""

    @dg.op(
        name=name,
        description=stage.description,
        ins={"analysis": dg.In(input_manager_key="insight_night_io")},
        out=dg.Out(io_manager_key="insight_night_io"),
    )
    def stage_op(
        context: dg.OpExecutionContext, analysis: Analysis, insight_names: dg.ResourceParam[Names]
    ) -> Analysis:
        return _run(context, insight_names, stage, analysis)

    return stage_op


refit, place, explain, evaluate, report = (
    _stage_op(name, stage)
    for name, stage in {
        "refit": REFIT,
        "place": PLACE,
        "explain": EXPLAIN,
        "evaluate": EVALUATE,
        "report": REPORT,
    }.items()
)


@dg.op(ins={"analysis": dg.In(input_manager_key="insight_night_io")})
def conclude(
    context: dg.OpExecutionContext,
    analysis: Analysis,
    insight_database: DatabaseResource,
    insight_folders: HomeFoldersResource,
    insight_options: OptionsResource,
    insight_names: dg.ResourceParam[Names],
) -> None:
    """Fail if a class failed or a check of severity ERROR does not pass; delete what is old.

    Old runs and unused files are deleted however the night ends.

    A night that passed and shows no drift becomes the baseline, if the settings say so
    (`auto_promote`). One that shows a small drift does not: the baseline would follow the drift
    step by step.

    Raises:
        RunFailedError: names classes, stages and checks.
    """
    store = insight_database.open()
    failing = store.read(_FAILING).to_pylist()
    problems = [_sentence(failure) for failure in _failures(analysis)]
    problems += [
        f"{row['name']}: {row['description']}" for row in failing if row["severity"] == ERROR
    ]
    keep, folders = insight_options.keep_analyses, insight_folders.open()
    try:
        context.log.info(tidy(context.instance, store, folders, insight_names, keep_analyses=keep))
    except Exception as problem:
        context.log.exception("old runs and files could not be deleted")
        problems.append(f"old runs and files could not be deleted: {problem}")
    context.add_output_metadata({"classes": len(analysis.remaining), "problems": problems})
    if problems:
        raise RunFailedError("; ".join(problems))
    if insight_options.auto_promote and not any(_drifted(row) for row in failing):
        _promote(context, insight_names)


_FAILING = """
    SELECT check_name || CASE class_name WHEN '' THEN '' ELSE ' of ' || class_name END AS name,
           description, severity, facts
    FROM check_results WHERE NOT passed ORDER BY ALL"""


def _drifted(check: Mapping[str, Any]) -> bool:
    """Return whether a failed check reports a drift: only those name what drifted."""
    return bool(json.loads(check["facts"]).get("causes"))


def _promote(context: dg.OpExecutionContext, names: Names) -> None:
    """Promote the night to the baseline.

    Raises:
        RunFailedError: the promotion failed.
    """
    reason = f"night {context.run_id}: every class was analysed and passed"
    config = {"promote": {"author": NIGHT_JOB, "reason": reason}}
    result = run_stage(PROMOTE, (), DaemonLauncher(context, names), op_config=config)
    if result.failures:
        raise RunFailedError("the baseline was not promoted; the log of its run says why")


def define_job(names: Names) -> dg.JobDefinition:
    """Return the nightly job of a home.

    Args:
        names: of the home in the Dagster instance; other homes may have a night at the same time.
    """

    @dg.job(
        name=NIGHT_JOB,
        executor_def=dg.in_process_executor,
        tags={
            SINGLE_NIGHT_TAG: ".".join(("nightly", *names.prefix)),
            RETRY_STRATEGY_TAG: "ALL_STEPS",
            **names.run_tags,
        },
        description="Analyse all classes: extract what changed, refit the latent space, place, "
        "explain and evaluate every class, write the report. Fails if a class or a check fails.",
    )
    def nightly_reanalysis() -> None:
        conclude(report(evaluate(explain(place(refit(extract()))))))

    return nightly_reanalysis


def _run(
    context: dg.OpExecutionContext, names: Names, stage: Stage, analysis: Analysis
) -> Analysis:
    """Run the next stage of a night.

    Raises:
        RunFailedError: the stages after it would use old results.
    """
    analysis = analysis.run(stage, DaemonLauncher(context, names))
    if analysis.has_ended:
        raise RunFailedError("; ".join(_sentence(failure) for failure in _failures(analysis)))
    return analysis


def _failures(analysis: Analysis) -> tuple[StageFailure, ...]:
    return (*analysis.work_failures, *analysis.reported_failures)


def _sentence(failure: StageFailure) -> str:
    if failure.class_name is None:
        return f"{failure.stage.job} failed; {failure.reason}"
    return f"{failure.stage.job} failed for {failure.class_name!r}"
