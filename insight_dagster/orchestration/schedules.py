"""The schedule of the nightly re-analysis. What a night does is in `nightly_job`."""

import dagster as dg
from dagster import DagsterInvalidDefinitionError

from insight_dagster.errors import SettingsError
from insight_dagster.orchestration.stage_requests import runs_in_progress
from insight_dagster.orchestration.stages import NIGHT_JOB
from insight_dagster.resources.names import Names
from insight_dagster.settings import Settings


def nightly_schedule(settings: Settings, nightly: dg.JobDefinition) -> dg.ScheduleDefinition:
    """Return the schedule that starts the nightly re-analysis.

    After a downtime the daemon makes up for the last missed tick only: one night does all the work
    of those before it.

    Args:
        settings: of the home.
        nightly: the job.

    Raises:
        SettingsError: `nightly_cron` is not a cron schedule.
    """
    running = settings.automation == "schedule"
    try:

        @dg.schedule(
            name="nightly",
            job=nightly,
            cron_schedule=settings.nightly_cron,
            execution_timezone=settings.timezone,
            default_status=dg.DefaultScheduleStatus.RUNNING
            if running
            else dg.DefaultScheduleStatus.STOPPED,
            description="Starts the nightly re-analysis, unless one is still running.",
        )
        def schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
            return _request(context, Names.of(settings))

    except DagsterInvalidDefinitionError as problem:
        raise SettingsError(
            f"setting nightly_cron={settings.nightly_cron!r} is not a cron schedule ({problem}); "
            "write five fields, e.g. 0 2 * * *"
        ) from problem
    return schedule


def _request(context: dg.ScheduleEvaluationContext, names: Names) -> dg.RunRequest | dg.SkipReason:
    busy = runs_in_progress(context.instance, names, job=NIGHT_JOB)
    if busy:
        return dg.SkipReason(f"the nightly re-analysis of run {busy[0].run_id} is still running")
    return dg.RunRequest(run_key=context.scheduled_execution_time.isoformat())
