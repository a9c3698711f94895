"""Runs that could not be launched: no process of theirs ever began, so nothing was recorded.

The run launcher failed, the code location did not load, or the process did not start in time. A
run that began and failed does not belong here: its steps say why.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import dagster as dg
from dagster import DagsterRunStatus, RunRecord, RunsFilter

from insight_dagster.orchestration.dagster_internals import (
    PARTITION_TAG,
    RANGE_END_TAG,
    RANGE_START_TAG,
)
from insight_dagster.orchestration.run_events import launch_error
from insight_dagster.orchestration.stage_requests import has_ended, was_never_queued
from insight_dagster.orchestration.stages import ANALYSE_JOB, EXTRACT
from insight_dagster.orchestration.upkeep.home_runs import is_ours
from insight_dagster.resources.names import Names
from insight_dagster.tables.operations import ALL_CLASSES

AGAIN_SECONDS, LONGEST_SECONDS = 300.0, 4 * 3600.0
"""Time after which a run that could not be launched is requested again: it doubles with every
attempt that fails."""
_FAILED_LOOKED_AT, _RUNS_LOOKED_AT, _PAGE = 200, 2000, 50
_Work = tuple[str, str]
"""A job and one class; '' where the run has none."""


@dataclass(frozen=True)
class UnlaunchedRun:
    """A run that could not be launched and that no later run replaces.

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


def unlaunched_runs(
    instance: dg.DagsterInstance,
    names: Names,
    *,
    matters: Callable[[str, str], bool] = lambda job, class_name: True,
) -> list[UnlaunchedRun]:
    """Return a home's runs that could not be launched and that no later run replaces.

    There is one for each job and class: the newest.

    A run that the daemon launches again by itself (`run_retries`) is not among them, nor is one
    that somebody canceled.

    Args:
        instance: of the home, which it may share with others.
        names: of the home in the instance.
        matters: whether to look for a job and class; '' where a run has no class.
    """
    streaks = _streaks(instance, names, matters)
    return [
        _found(instance, streak, class_name) for (_, class_name), streak in sorted(streaks.items())
    ]


def _streaks(
    instance: dg.DagsterInstance, names: Names, matters: Callable[[str, str], bool]
) -> dict[_Work, list[RunRecord]]:
    """Return the newest runs in a row that could not be launched, by job and class, oldest first.

    Runs are read from the oldest that could not be launched until later runs replace all that were
    found: after a good night, few runs however long the history is.
    """
    order = instance.get_dynamic_partitions(names.partition_set)
    failed = instance.get_run_records(
        RunsFilter(statuses=[DagsterRunStatus.FAILURE, DagsterRunStatus.NOT_STARTED]),
        limit=_FAILED_LOOKED_AT,
    )
    streaks: dict[_Work, list[RunRecord]] = {}
    read_to = 0
    for first in reversed(failed):
        if first.storage_id <= read_to or not _is_unlaunched(first):
            continue
        for record in _records_from(instance, first):
            read_to = record.storage_id
            for work in _works_of(record.dagster_run, names, order, matters):
                if _is_unlaunched(record):
                    streaks.setdefault(work, []).append(record)
                else:
                    streaks.pop(work, None)
            if not streaks:
                break
    return streaks


def _records_from(instance: dg.DagsterInstance, first: RunRecord) -> Iterator[RunRecord]:
    """Yield a run and those that were created after it, in order."""
    yield first
    cursor = first.dagster_run.run_id
    for _ in range(0, _RUNS_LOOKED_AT, _PAGE):
        page = instance.get_run_records(limit=_PAGE, ascending=True, cursor=cursor)
        yield from page
        if len(page) < _PAGE:
            return
        cursor = page[-1].dagster_run.run_id


def _works_of(
    run: dg.DagsterRun,
    names: Names,
    order: Sequence[str],
    matters: Callable[[str, str], bool],
) -> Iterator[_Work]:
    """Yield the job and each class of a run of the home, as far as they matter."""
    if is_ours(run, names):
        for class_name in _classes_of(run, order):
            if matters(run.job_name, class_name):
                yield _work_of(run), class_name


def _is_unlaunched(record: RunRecord) -> bool:
    run = record.dagster_run
    if record.start_time is not None:
        return False
    return was_never_queued(record) or (run.status == DagsterRunStatus.FAILURE and has_ended(run))


def _work_of(run: dg.DagsterRun) -> str:
    """Return the job, or the name that it shares with another job that does the same first."""
    return EXTRACT.job if run.job_name == ANALYSE_JOB else run.job_name


def _classes_of(run: dg.DagsterRun, order: Sequence[str]) -> Iterator[str]:
    """Yield the classes of a run that are still there; '' if it is not about classes."""
    name = run.tags.get(PARTITION_TAG)
    if name is not None:
        if name in order:
            yield name
        return
    first, last = run.tags.get(RANGE_START_TAG), run.tags.get(RANGE_END_TAG)
    if first in order and last in order:
        yield from order[order.index(first) : order.index(last) + 1]
    elif first is None:
        yield ALL_CLASSES


def _found(
    instance: dg.DagsterInstance, streak: Sequence[RunRecord], class_name: str
) -> UnlaunchedRun:
    record, run = streak[-1], streak[-1].dagster_run
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
