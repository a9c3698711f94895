"""The two ways to run the job of a stage: in this process, or by the daemon.

Both are a `Launcher` of `run_stages`, where the rules are.
"""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, cast

import dagster as dg

from insight_dagster.files.interruption import on_interrupt
from insight_dagster.orchestration.class_ranges import ClassRange, range_tags
from insight_dagster.orchestration.dagster_internals import (
    RANGE_START_TAG,
    cancel_run,
    make_new_run_id,
)
from insight_dagster.orchestration.run_events import (
    Completed,
    completed,
    database_error,
    is_interruption,
    materializations,
    step_error,
)
from insight_dagster.orchestration.run_process import process_with
from insight_dagster.orchestration.run_stages import OpConfig
from insight_dagster.orchestration.stage_requests import (
    NIGHT_TAG,
    REQUEST_TAG,
    STAGE_TAG,
    StageRequest,
    wait_for_runs,
)
from insight_dagster.orchestration.stages import Stage
from insight_dagster.resources.database import DatabaseResource
from insight_dagster.resources.names import Names

_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
_INTERRUPTED = "a signal ended `insight`"
_NO_REASON = "the run failed; `insight serve` shows its log"


class InProcessLauncher:
    """Runs the jobs of stages in this process, one run after another.

    Args:
        definitions: of the home.
        instance: of the home.

    Attributes:
        computed: number of results that were computed, not found and kept.
    """

    def __init__(self, definitions: dg.Definitions, instance: dg.DagsterInstance) -> None:
        self.definitions, self.instance = definitions, instance
        self.names = cast(Names, _resources(definitions)["insight_names"])
        self.computed = 0
        self._run_errors: dict[str | None, str] = {}

    def partitions(self) -> Sequence[str]:
        """Return all classes in the order of Dagster's partitions."""
        return self.instance.get_dynamic_partitions(self.names.partition_set)

    def launch_classes(self, stage: Stage, ranges: Sequence[ClassRange]) -> set[str]:
        """Run a stage for ranges of classes; return the classes that it completed."""
        return {name for each in ranges for name in self._run(stage, tags=range_tags(each)).classes}

    def launch_shared(self, stage: Stage, op_config: OpConfig) -> bool:
        """Run a stage that has no classes; return whether it was completed."""
        return self._run(stage, op_config=op_config).shared

    def failure_reason(self, stage: Stage, class_name: str | None) -> str:
        """Return what is kept of a class's failure, otherwise the error of its run."""
        if class_name is not None:
            sql = "SELECT reason FROM step_failures WHERE class_name = ? ORDER BY sequence DESC"
            store = cast(DatabaseResource, _resources(self.definitions)["insight_database"]).open()
            kept = store.read(sql, [class_name])["reason"].to_pylist()
            if kept:
                return str(kept[0])
        return self._run_errors.get(class_name, _NO_REASON)

    def _run(
        self,
        stage: Stage,
        *,
        tags: Mapping[str, str] | None = None,
        op_config: OpConfig | None = None,
    ) -> Completed:
        tags, run_id = dict(tags or {}), make_new_run_id()
        process = process_with(os.getpid())
        with on_interrupt(partial(cancel_run, self.instance, run_id, _INTERRUPTED)):
            result = self.definitions.resolve_job_def(stage.job).execute_in_process(
                run_config={**_QUIET, **_run_config(op_config or {})},
                instance=self.instance,
                run_id=run_id,
                tags=tags | (process.to_tags(run_id) if process else {}),
                raise_on_error=False,
            )
        if any(map(is_interruption, result.all_events)):
            raise KeyboardInterrupt
        # From the instance: what a step recorded before it failed is not in the result.
        events = list(materializations(self.instance, [result.run_id]))
        self.computed += sum(_computed(event) for event in events)
        if not result.success:
            problem = database_error(self.instance, result.run_id)
            if problem is not None:
                raise problem
            error = step_error(self.instance, result.run_id)
            self._run_errors[tags.get(RANGE_START_TAG)] = error or _NO_REASON
        return completed(stage, events)


class DaemonLauncher:
    """Requests the runs of stages from the daemon and waits for them.

    Args:
        context: of an op of the nightly run that requests them.
        names: of the home in the Dagster instance.
    """

    def __init__(self, context: dg.OpExecutionContext, names: Names) -> None:
        self._context, self._names = context, names
        self._attempts = Counter[str]()

    def partitions(self) -> Sequence[str]:
        """Return all classes in the order of Dagster's partitions."""
        return self._context.instance.get_dynamic_partitions(self._names.partition_set)

    def launch_classes(self, stage: Stage, ranges: Sequence[ClassRange]) -> frozenset[str]:
        """Run a stage for ranges of classes; return the classes that it completed."""
        self._attempts[stage.job] += 1
        name = f"{stage.job} {self._attempts[stage.job]}"
        return self._run(stage, StageRequest(name, stage.job, tuple(ranges))).classes

    def launch_shared(self, stage: Stage, op_config: OpConfig) -> bool:
        """Run a stage that has no classes; return whether it was completed."""
        request = StageRequest(stage.job, stage.job, config=_run_config(op_config))
        return self._run(stage, request).shared

    def failure_reason(self, stage: Stage, class_name: str | None) -> str:
        """Return where to read why a stage failed."""
        del stage, class_name
        return "the log of its run says why"

    def _run(self, stage: Stage, request: StageRequest) -> Completed:
        instance, run_id = self._context.instance, self._context.run_id
        instance.add_run_tags(run_id, {REQUEST_TAG: request.to_tag(run_id)})
        self._context.log.info(f"{request.name}: {len(request.ranges)} runs")
        requested = dg.RunsFilter(tags={NIGHT_TAG: run_id, STAGE_TAG: request.name})
        wait_for_runs(
            lambda: instance.get_runs(requested),
            count=len(request.ranges),
            log=self._context.log.info,
            name=request.name,
            on_ended=self._stop_without_database,
        )
        run_ids = [run.run_id for run in instance.get_runs(requested)]
        return completed(stage, materializations(instance, run_ids))

    def _stop_without_database(self, ended: dg.DagsterRun) -> None:
        """End the night if a run could not use the database; other runs could not either.

        Raises:
            DatabaseUnavailableError: with the error of the run; runs that wait are cancelled.
        """
        instance, run_id = self._context.instance, self._context.run_id
        problem = None if ended.is_success else database_error(instance, ended.run_id)
        if problem is None:
            return
        waiting = dg.RunsFilter(tags={NIGHT_TAG: run_id}, statuses=[dg.DagsterRunStatus.QUEUED])
        for run in instance.get_runs(waiting):
            cancel_run(instance, run.run_id, "the database cannot be used at present")
        raise problem


def _resources(definitions: dg.Definitions) -> Mapping[str, Any]:
    return definitions.resources or {}


def _run_config(op_config: OpConfig) -> dict[str, Any]:
    """Return a run configuration that configures ops."""
    ops = {name: {"config": dict(values)} for name, values in op_config.items()}
    return {"ops": ops} if ops else {}


def _computed(event: dg.AssetMaterialization) -> int:
    """Return how many results a materialization computed, as its metadata says."""
    entry = event.metadata.get("computed")
    # A text for one class, a number for all classes together.
    return int(str(entry.value)) if entry is not None else 0
