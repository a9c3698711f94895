"""Runs that could not be launched: no process of theirs ever began, so nothing was recorded.

The run launcher failed, the code location did not load, or the process did not start in time. A
run that began and failed does not belong here: its steps say why.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import dagster as dg
from dagster import DagsterRunStatus, RunRecord, RunsFilter

from insight_dagster.orchestration.dagster_internals import (
    PARTITION_TAG,
    RANGE_END_TAG,
    RANGE_START_TAG,
)
from insight_dagster.orchestration.run_events import launch_error
from insight_dagster.orchestration.stage_requests import has_ended
from insight_dagster.orchestration.stages import EXTRACT
from insight_dagster.resources.names import Names

AGAIN_SECONDS, LONGEST_SECONDS = 300.0, 4 * 3600.0
"""Time after which a run that could not be launched is requested again: it doubles with every
attempt that fails."""
ANALYSE_JOB = "analyse_classes"
_FAILED_LOOKED_AT, _RUNS_LOOKED_AT = 200, 2000
_ALL = ""


@dataclass(frozen=True)
class UnlaunchedRun:
    """A run that could not be launched and that no later run stands for.

    Attributes:
        job: its job.
        class_name: one of its classes; '' if it has none.
        run_id: its id.
        ended_at: when that was found out, in seconds since 1970.
        reason: why, in one line.
        attempts: number of runs in a row that could not be launched.
    """

    job: str
    class_name: str
    run_id: str
    ended_at: float
    reason: str
    attempts: int = 1

    @property
    def is_due(self) -> bool:
        """Whether it is long enough ago to request the run again."""
        wait = min(AGAIN_SECONDS * 2 ** min(self.attempts - 1, 10), LONGEST_SECONDS)
        return time.time() - self.ended_at >= wait


def unlaunched_runs(instance: dg.DagsterInstance, names: Names) -> list[UnlaunchedRun]:
    """Return what of a home could not be launched and was not run since, by job and class.

    A run that the daemon launches again by itself (`run_retries`) is not among them, nor is one
    that somebody canceled.
    """
    failed = instance.get_run_records(
        RunsFilter(statuses=[DagsterRunStatus.FAILURE, DagsterRunStatus.NOT_STARTED]),
        limit=_FAILED_LOOKED_AT,
    )
    if not any(map(_is_unlaunched, failed)):
        return []
    return [
        _found(instance, streak, class_name)
        for (_, class_name), streak in sorted(
            _streaks(instance, names).items(), key=lambda each: each[0]
        )
    ]


def _streaks(instance: dg.DagsterInstance, names: Names) -> dict[tuple[str, str], list[RunRecord]]:
    """Return the newest runs that could not be launched, by work and class, the newest first."""
    order = instance.get_dynamic_partitions(names.partition_set)
    streaks: dict[tuple[str, str], list[RunRecord]] = {}
    began: set[tuple[str, str]] = set()
    for record in instance.get_run_records(limit=_RUNS_LOOKED_AT):
        run = record.dagster_run
        if not names.owns(run):
            continue
        for key in ((_work_of(run), class_name) for class_name in _classes_of(run, order)):
            if not _is_unlaunched(record):
                began.add(key)
            elif key not in began:
                streaks.setdefault(key, []).append(record)
    return streaks


def _is_unlaunched(record: RunRecord) -> bool:
    run = record.dagster_run
    if record.start_time is not None:
        return False
    if run.status == DagsterRunStatus.NOT_STARTED:  # it was created, and could not be queued
        return time.time() - record.create_timestamp.timestamp() >= AGAIN_SECONDS
    return run.status == DagsterRunStatus.FAILURE and has_ended(run)


def _work_of(run: dg.DagsterRun) -> str:
    """Return the job, or the name that it shares with another job that does the same first."""
    return EXTRACT.job if run.job_name == ANALYSE_JOB else run.job_name


def _classes_of(run: dg.DagsterRun, order: Sequence[str]) -> Iterator[str]:
    if PARTITION_TAG in run.tags:
        yield run.tags[PARTITION_TAG]
        return
    first, last = run.tags.get(RANGE_START_TAG), run.tags.get(RANGE_END_TAG)
    if first in order and last in order:
        yield from order[order.index(first) : order.index(last) + 1]
    elif first is None:
        yield _ALL


def _found(
    instance: dg.DagsterInstance, streak: Sequence[RunRecord], class_name: str
) -> UnlaunchedRun:
    record, run = streak[0], streak[0].dagster_run
    ended = record.end_time or record.update_timestamp.timestamp()
    attempts = len({each.dagster_run.root_run_id or each.dagster_run.run_id for each in streak})
    return UnlaunchedRun(
        job=run.job_name,
        class_name=class_name,
        run_id=run.run_id,
        ended_at=ended,
        reason=launch_error(instance, run.run_id),
        attempts=attempts,
    )
