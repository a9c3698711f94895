"""What Dagster's event log holds about runs: materializations, and why a step failed.

Which runs there are and what follows from their outcome does not belong here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import dagster as dg

from insight_dagster.errors import DatabaseUnavailableError
from insight_dagster.orchestration.dagster_internals import SerializableErrorInfo
from insight_dagster.orchestration.stages import Stage
from insight_dagster.resources.names import asset_name


@dataclass(frozen=True)
class Completed:
    """What runs of a stage completed.

    Attributes:
        classes: those of which every asset of the stage was materialized.
        shared: whether every asset was materialized without a partition.
    """

    classes: frozenset[str]
    shared: bool


def materializations(
    instance: dg.DagsterInstance, run_ids: Iterable[str]
) -> Iterator[dg.AssetMaterialization]:
    """Yield every materialization that runs recorded, those of failed runs included."""
    for run_id in run_ids:
        for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION):
            event = entry.asset_materialization
            if event is not None:
                yield event


def completed(stage: Stage, events: Iterable[dg.AssetMaterialization]) -> Completed:
    """Return what a stage's materializations add up to."""
    made: dict[str, set[str | None]] = {name: set() for name in stage.asset_names}
    for event in events:
        made.get(asset_name(event.asset_key), set()).add(event.partition)
    partitions = set.intersection(*made.values())
    return Completed(frozenset(name for name in partitions if name), None in partitions)


def step_error(instance: dg.DagsterInstance, run_id: str) -> str:
    """Return the error that a run failed with, '' where no step of it failed.

    Of several failed steps the first that is no check: a check that failed does not explain why
    work is missing.
    """
    return next((error_message(error) for error in _step_errors(instance, run_id)), "")


def database_error(instance: dg.DagsterInstance, run_id: str) -> DatabaseUnavailableError | None:
    """Return the error of a run that could not use the database, which ends the analysis."""
    kinds = {kind.__name__: kind for kind in DatabaseUnavailableError.__subclasses__()}
    for error in map(_unwrapped, _step_errors(instance, run_id)):
        if error.cls_name in kinds:
            return kinds[error.cls_name](error_message(error))
    return None


def is_interruption(event: dg.DagsterEvent) -> bool:
    """Return whether a step ended because a signal interrupted it."""
    source = event.step_failure_data.error_source if event.is_step_failure else None
    return source is not None and source.value == "INTERRUPT"


def launch_error(instance: dg.DagsterInstance, run_id: str) -> str:
    """Return why a run could not be launched, in one line."""
    types = {dg.DagsterEventType.ENGINE_EVENT, dg.DagsterEventType.RUN_FAILURE}
    entries = instance.all_logs(run_id, of_type=types)
    events = [entry.dagster_event for entry in entries if entry.dagster_event]
    found = [
        error_message(event.engine_event_data.error)
        for event in events
        if event.event_type == dg.DagsterEventType.ENGINE_EVENT and event.engine_event_data.error
    ]
    found = found or [event.message or "" for event in events]
    return found[-1].splitlines()[0] if found and found[-1] else "no reason is recorded"


def error_message(error: SerializableErrorInfo) -> str:
    """Return the message of the error that a step raised, without Dagster's wrapping."""
    text = _unwrapped(error).message.strip()
    return text.partition(": ")[2] or text


def _step_errors(instance: dg.DagsterInstance, run_id: str) -> list[SerializableErrorInfo]:
    """Return the errors that a run's steps failed with, those of checks last."""
    entries = instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    events = [entry.dagster_event for entry in entries if entry.dagster_event]
    events.sort(key=lambda event: "check" in (event.step_key or ""))
    return [each.step_failure_data.error for each in events if each.step_failure_data.error]


def _unwrapped(error: SerializableErrorInfo) -> SerializableErrorInfo:
    while error.cause and (error.cls_name or "").startswith("Dagster"):
        error = error.cause
    return error
