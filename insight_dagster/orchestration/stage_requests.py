"""How a nightly run requests the runs of a stage, and how it waits for them.

The nightly run writes what it requests (`StageRequest`) into a tag of its own; a sensor launches
the runs (`sensors.nightly_stages`), and the nightly run waits until they have ended. Which stages
are run, and for which classes, does not belong here (`run_stages`).
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import dagster as dg

from insight_dagster.errors import RunFailedError
from insight_dagster.orchestration.class_ranges import ClassRange, range_tags
from insight_dagster.orchestration.dagster_internals import RETRY_RUN_ID_TAG, WILL_RETRY_TAG
from insight_dagster.resources.names import Names

NIGHT_TAG = "insight/night"
"""On the runs of stages: id of the nightly run that requested them."""
STAGE_TAG = "insight/stage"
"""On the runs of stages: name of the request."""
REQUEST_TAG = "insight/stage_request"
"""On a nightly run: the runs that it requests."""

IN_PROGRESS = (
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
)
QUEUED_WITHIN_SECONDS = 300.0
"""A run that was created and not queued within this time counts as one that nothing launches."""
POLL_SECONDS = 2.0
LAUNCH_SECONDS = 1800.0
"""How long to wait for requested runs to be launched; a stopped sensor launches none."""


@dataclass(frozen=True)
class StageRequest:
    """Runs that a nightly run requests.

    Attributes:
        name: unique within the nightly run; the requested runs carry it as a tag.
        job: to run.
        ranges: first and last class of each run; a single None for one run without classes.
        config: run configuration.
    """

    name: str
    job: str
    ranges: tuple[ClassRange | None, ...] = (None,)
    config: dict[str, Any] = field(default_factory=dict)

    def to_tag(self, nightly_run_id: str) -> str:
        """Return the request as the value of a tag."""
        return json.dumps([nightly_run_id, self.name, self.job, self.ranges, self.config])

    @classmethod
    def of_run(cls, run: dg.DagsterRun) -> Self | None:
        """Return what a nightly run requests; None while it requests nothing.

        A run that is launched in place of one that died inherits its tag, which does not count
        until the new run requests something itself.
        """
        if REQUEST_TAG not in run.tags:
            return None
        run_id, name, job, ranges, config = json.loads(run.tags[REQUEST_TAG])
        if run_id != run.run_id:
            return None
        return cls(name, job, tuple(tuple(pair) if pair else None for pair in ranges), config)


def run_requests(nightly_run_id: str, request: StageRequest) -> Iterator[dg.RunRequest]:
    """Yield the run requests of a stage; their run keys keep them from being launched twice."""
    for number, class_range in enumerate(request.ranges):
        yield dg.RunRequest(
            job_name=request.job,
            run_key=f"{nightly_run_id} {request.name} {number}",
            run_config=request.config,
            tags={
                NIGHT_TAG: nightly_run_id,
                STAGE_TAG: request.name,
                **(range_tags(class_range) if class_range else {}),
            },
        )


def wait_for_runs(
    runs: Callable[[], Sequence[dg.DagsterRun]],
    *,
    count: int,
    log: Callable[[str], None],
    name: str,
    on_ended: Callable[[dg.DagsterRun], None] = lambda run: None,
) -> None:
    """Wait until a number of runs are there and all have ended, those launched again included.

    Args:
        runs: returns the runs that are there.
        count: of the runs that were requested.
        log: receives a line when another run has ended.
        name: of the request.
        on_ended: called once with every run that has ended; what it raises ends the waiting.

    Raises:
        RunFailedError: they were not launched in time.
    """
    deadline, ended_before, reported = time.monotonic() + LAUNCH_SECONDS, -1, set[str]()
    while True:
        found = runs()
        ended = sum(has_ended(run) for run in found)
        for run in found:
            if has_ended(run) and run.run_id not in reported:
                reported.add(run.run_id)
                on_ended(run)
        if ended != ended_before:
            log(f"{name}: {ended} of {max(count, len(found))} runs have ended")
            ended_before = ended
        if ended == len(found) >= count:
            return
        if len(found) < count and time.monotonic() > deadline:
            raise RunFailedError(
                f"{name}: {len(found)} of {count} runs were launched within {LAUNCH_SECONDS:g} s; "
                "check that the daemon is running and the sensor nightly_stages is on"
            )
        time.sleep(POLL_SECONDS)


def has_ended(run: dg.DagsterRun) -> bool:
    """Return whether a run has ended and no other will be launched in its place."""
    waits_for_retry = is_launched_again(run) and RETRY_RUN_ID_TAG not in run.tags
    return run.is_finished and not waits_for_retry


def is_launched_again(run: dg.DagsterRun) -> bool:
    """Return whether the daemon launches, or has launched, another run in place of a failed one."""
    return run.tags.get(WILL_RETRY_TAG) == "true"


def was_never_queued(record: dg.RunRecord) -> bool:
    """Return whether a run was created long ago but never queued: nothing will launch it."""
    age = time.time() - record.create_timestamp.timestamp()
    status = record.dagster_run.status
    return status == dg.DagsterRunStatus.NOT_STARTED and age >= QUEUED_WITHIN_SECONDS


def runs_in_progress(
    instance: dg.DagsterInstance, names: Names, *, job: str | None = None
) -> list[dg.DagsterRun]:
    """Return the runs of a home that have not ended, without those that were never queued.

    Args:
        instance: of the home.
        names: of the home in the instance.
        job: name of the job; None for every job.
    """
    records = instance.get_run_records(dg.RunsFilter(job_name=job, statuses=list(IN_PROGRESS)))
    runs = [each.dagster_run for each in records if not was_never_queued(each)]
    return [run for run in runs if names.owns(run)]


def wait_for_earlier_nights(context: dg.OpExecutionContext, names: Names) -> None:
    """Wait until the runs that an earlier nightly run of the home requested have ended.

    A nightly run that died leaves them at work; what they compute need not be computed twice.
    """
    while others := [
        run
        for run in runs_in_progress(context.instance, names)
        if run.tags.get(NIGHT_TAG, context.run_id) != context.run_id
    ]:
        context.log.info(f"waiting for {len(others)} runs of an earlier night")
        time.sleep(POLL_SECONDS * 5)
