"""When the nightly re-analysis starts."""

import dagster as dg
from dagster import DagsterInvalidDefinitionError

from insight_dagster.errors import SettingsError
from insight_dagster.orchestration.nightly_job import JOB_NAME, nightly_reanalysis
from insight_dagster.orchestration.stage_requests import IN_PROGRESS
from insight_dagster.settings import Settings


def nightly_schedule(settings: Settings) -> dg.ScheduleDefinition:
    """The schedule of a home.

    After a downtime the daemon makes up for the last tick that was missed; one night covers
    whatever the nights before it would have done.

    Raises:
        SettingsError: `nightly_cron` is no cron schedule.
    """
    running = settings.automation == "schedule"
    try:

        @dg.schedule(
            name="nightly",
            job=nightly_reanalysis,
            cron_schedule=settings.nightly_cron,
            execution_timezone=settings.timezone,
            default_status=dg.DefaultScheduleStatus.RUNNING
            if running
            else dg.DefaultScheduleStatus.STOPPED,
            description="Starts the nightly re-analysis, unless one is still at work.",
        )
        def schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
            return _tonight(context)

    except DagsterInvalidDefinitionError as problem:
        raise SettingsError(
            f"setting nightly_cron={settings.nightly_cron!r}: {problem}; five fields are needed, "
            "e.g. 0 2 * * *"
        ) from problem
    return schedule


def _tonight(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    busy = context.instance.get_runs(
        dg.RunsFilter(job_name=JOB_NAME, statuses=list(IN_PROGRESS)), limit=1
    )
    if busy:
        return dg.SkipReason(f"the night of run {busy[0].run_id} is still at work")
    return dg.RunRequest(run_key=context.scheduled_execution_time.isoformat())
