"""The sensors that alert people to failed runs: which runs, and what the alert says.

Delivering an alert (`delivery`) and trying again (`queue`) do not belong here.
"""

from collections.abc import Sequence
from typing import Any

import dagster as dg

from insight_dagster.files.visible_text import visible
from insight_dagster.orchestration.alerts.delivery import Alert
from insight_dagster.orchestration.alerts.queue import AlertQueue
from insight_dagster.orchestration.dagster_internals import (
    PARTITION_TAG,
    RANGE_END_TAG,
    RANGE_START_TAG,
)
from insight_dagster.orchestration.run_events import step_error
from insight_dagster.orchestration.stage_requests import NIGHT_TAG, is_launched_again
from insight_dagster.orchestration.stages import NIGHT_JOB
from insight_dagster.orchestration.upkeep.home_runs import is_ours
from insight_dagster.resources.names import Names, asset_name
from insight_dagster.settings import Settings

_RANGE_TAGS = (RANGE_START_TAG, RANGE_END_TAG)


def failure_alerts(settings: Settings) -> dg.SensorDefinition:
    """Return the sensor that queues an alert for every failed run of the home."""

    @dg.run_failure_sensor(
        name="failure_alerts",
        minimum_interval_seconds=10,
        default_status=_default_status(settings),
        description="Queues an alert for every run that failed, by an error or by a check of "
        "severity ERROR; alert_delivery sends it. A nightly re-analysis raises one alert, at its "
        "end.",
    )
    def sensor(context: dg.RunFailureSensorContext) -> dg.SkipReason | None:
        run = context.dagster_run
        if not is_ours(run, Names.of(settings)):
            return dg.SkipReason("a run of another home or project")
        if NIGHT_TAG in run.tags:
            return dg.SkipReason("reported by its nightly re-analysis")
        if is_launched_again(run):
            return dg.SkipReason("the run is launched again")
        reason = context.failure_event.message or ""
        alert_queue(settings).put(alert_of(context.instance, run, reason, settings))
        return None

    return sensor


def alert_delivery(settings: Settings) -> dg.SensorDefinition:
    """Return the sensor that delivers queued alerts and tries again what failed."""

    @dg.sensor(
        name="alert_delivery",
        minimum_interval_seconds=10,
        default_status=_default_status(settings),
        description="Sends queued alerts to alert_webhook and alert_command of the settings. An "
        "alert that cannot be delivered is tried again for three days.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        errors = [visible(each) for each in alert_queue(settings).deliver()]
        for error in errors:
            context.log.error(f"an alert was not delivered: {error}")
        return dg.SkipReason("; ".join(errors) or "no alert is waiting for delivery")

    return sensor


def alert_queue(settings: Settings) -> AlertQueue:
    """Return the home's queue of undelivered alerts."""
    return AlertQueue(
        settings.folders.alerts,
        webhook=settings.alert_webhook,
        command=settings.alert_command,
    )


def _default_status(settings: Settings) -> dg.DefaultSensorStatus:
    """Return running where the settings name a receiver of alerts."""
    if settings.alert_webhook or settings.alert_command:
        return dg.DefaultSensorStatus.RUNNING
    return dg.DefaultSensorStatus.STOPPED


def alert_of(
    instance: dg.DagsterInstance, run: dg.DagsterRun, reason: str, settings: Settings
) -> Alert:
    """Return the alert about a failed run: its failed checks if it has some, else its error."""
    run_ids = [run.run_id]
    if run.job_name == NIGHT_JOB:
        stage_runs = instance.get_runs(dg.RunsFilter(tags={NIGHT_TAG: run.run_id}))
        run_ids += [each.run_id for each in reversed(stage_runs)]
    checks = failed_checks(instance, run_ids)
    return Alert(
        kind="check_failed" if checks else "run_failed",
        job=run.job_name,
        run_id=run.run_id,
        classes=run.tags.get(PARTITION_TAG)
        or " ... ".join(run.tags[tag] for tag in _RANGE_TAGS if tag in run.tags),
        reason=step_error(instance, run.run_id) or reason,
        checks=tuple(checks),
        home=str(settings.home),
    )


def failed_checks(instance: dg.DagsterInstance, run_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return checks of severity ERROR that failed in some runs and did not pass later in them.

    Args:
        instance: of the runs.
        run_ids: oldest first.
    """
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for run_id in run_ids:
        for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION):
            result = entry.asset_check_evaluation
            if result is None:
                continue
            key = (asset_name(result.asset_key), result.check_name, result.partition or "")
            found.pop(key, None)
            if not result.passed and result.severity == dg.AssetCheckSeverity.ERROR:
                failed = dict(zip(("asset", "check", "class"), key, strict=True))
                found[key] = {**failed, "description": result.description or ""}
    return list(found.values())
