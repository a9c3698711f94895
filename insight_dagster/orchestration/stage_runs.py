"""Runs that a night asks for: how it asks, who they are, and when they have ended.

The night's own run says in a tag what it wants (`StageRequest`); a sensor launches that
(`sensors`), and the night waits. Which stages a night has does not belong here (`nightly`).
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import dagster as dg

from insight_dagster.errors import RunFailedError
from insight_dagster.orchestration.stages import Range, range_tags

NIGHT_TAG = "insight/night"
WANTED_TAG = "insight/wanted"
STAGE_TAG = "insight/stage"

IN_PROGRESS = (
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
)
POLL_SECONDS = 2.0
LAUNCH_SECONDS = 600.0
"""How long a wanted run may stay away before the night gives up: is the sensor switched on?"""


@dataclass(frozen=True)
class StageRequest:
    """Runs that a night asks for, as its tag says it.

    Attributes:
        stage: unique in the night; the runs carry it.
        job: to run.
        ranges: first and last class of each run; one None for a run that has no classes.
        config: run configuration.
    """

    stage: str
    job: str
    ranges: tuple[Range | None, ...] = (None,)
    config: dict[str, Any] = field(default_factory=dict)

    def to_tag(self, night: str) -> str:
        """As the value of a tag of a night's run."""
        return json.dumps([night, self.stage, self.job, self.ranges, self.config])

    @classmethod
    def by(cls, night: dg.DagsterRun) -> Self | None:
        """What a night asks for; None while it asks for nothing.

        A night that is launched in place of one that died has that one's tag, until it asks for
        something itself.
        """
        if WANTED_TAG not in night.tags:
            return None
        run_id, stage, job, pairs, config = json.loads(night.tags[WANTED_TAG])
        if run_id != night.run_id:
            return None
        return cls(stage, job, tuple(tuple(pair) if pair else None for pair in pairs), config)


def stage_requests(night: str, wanted: StageRequest) -> Iterator[dg.RunRequest]:
    """The runs of a stage; asked for twice, they are launched once."""
    for number, classes in enumerate(wanted.ranges):
        yield dg.RunRequest(
            job_name=wanted.job,
            run_key=f"{night} {wanted.stage} {number}",
            run_config=wanted.config,
            tags={
                NIGHT_TAG: night,
                STAGE_TAG: wanted.stage,
                **(range_tags(classes) if classes else {}),
            },
        )


def wait_for_runs(
    runs: Callable[[], Sequence[dg.DagsterRun]],
    *,
    count: int,
    log: Callable[[str], None],
    what: str,
) -> None:
    """Wait until so many runs are there and all have ended, those that are tried again included.

    Raises:
        RunFailedError: they were not launched in time.
    """
    deadline, ended_before = time.monotonic() + LAUNCH_SECONDS, -1
    while True:
        found = runs()
        ended = sum(has_ended(run) for run in found)
        if ended != ended_before:
            log(f"{what}: {ended} of {max(count, len(found))} runs have ended")
            ended_before = ended
        if ended == len(found) >= count:
            return
        if len(found) < count and time.monotonic() > deadline:
            raise RunFailedError(
                f"{what}: {len(found)} of {count} runs were launched within "
                f"{LAUNCH_SECONDS:g} s; is the daemon up and the sensor nightly_stages on?"
            )
        time.sleep(POLL_SECONDS)


def has_ended(run: dg.DagsterRun) -> bool:
    """Whether a run is over and nothing will be launched in its place."""
    waits_for_retry = (
        run.tags.get("dagster/will_retry") == "true" and "dagster/auto_retry_run_id" not in run.tags
    )
    return run.is_finished and not waits_for_retry


def wait_for_earlier_nights(context: dg.OpExecutionContext) -> None:
    """Runs of a night that died are still at work: what they do need not be done twice."""
    while others := [
        run
        for run in context.instance.get_runs(dg.RunsFilter(statuses=list(IN_PROGRESS)))
        if run.tags.get(NIGHT_TAG, context.run_id) != context.run_id
    ]:
        context.log.info(f"waiting for {len(others)} runs of an earlier night")
        time.sleep(POLL_SECONDS * 5)
