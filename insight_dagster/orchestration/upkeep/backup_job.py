"""The backup after a night: a job, and the sensors that launch it when a night has ended.

It is a run of its own, so that a backup that fails is a failed run that is alerted like others, and
no night fails because of it. What a backup is does not belong here (`database.backups`).
"""

import dagster as dg

from insight_dagster.database.backups.backup_folder import back_up
from insight_dagster.orchestration.stage_requests import is_launched_again
from insight_dagster.orchestration.stages import BACKUP_JOB
from insight_dagster.resources.database import DatabaseResource
from insight_dagster.resources.home_folders import HomeFoldersResource
from insight_dagster.resources.names import Names
from insight_dagster.resources.options import OptionsResource


@dg.op(name="back_up")
def write_backup(
    context: dg.OpExecutionContext,
    insight_database: DatabaseResource,
    insight_folders: HomeFoldersResource,
    insight_options: OptionsResource,
) -> None:
    """Check the whole database, then write and verify a backup of what cannot be computed again.

    Raises:
        BackupError: it cannot be written.
        DatabaseError: the database cannot be read, or is damaged.
    """
    store = insight_database.open()
    store.check_file()
    made = back_up(store, insight_folders.open(), keep=insight_options.keep_backups)
    context.log.info(f"{made.rows} rows were backed up in {made.folder}")
    context.add_output_metadata({"folder": str(made.folder), "rows": made.rows})


def define_job(names: Names) -> dg.JobDefinition:
    """Return the job that backs the home up.

    Args:
        names: of the home in the Dagster instance.
    """

    @dg.job(
        name=BACKUP_JOB,
        executor_def=dg.in_process_executor,
        tags=names.run_tags,
        description="Write a verified backup of what cannot be computed again: ledger, baselines, "
        "pins, check results. `insight restore` brings it back.",
    )
    def back_up_home() -> None:
        write_backup()

    return back_up_home


def nightly_backups(
    names: Names, night: dg.JobDefinition, backup: dg.JobDefinition
) -> list[dg.SensorDefinition]:
    """Return the sensors that launch a backup for every night that has ended.

    A night that failed is backed up, too: while a check fails, which may last weeks, people promote
    and pin, and the ledger grows. One that never began has changed nothing.

    Args:
        names: of the home in the Dagster instance.
        night: the nightly re-analysis.
        backup: the job that backs the home up.
    """

    def launch(context: dg.RunStatusSensorContext) -> dg.RunRequest | dg.SkipReason:
        run = context.dagster_run
        if not names.owns(run):
            return dg.SkipReason("a night of another home")
        record = context.instance.get_run_record_by_id(run.run_id)
        if is_launched_again(run) or record is None or record.start_time is None:
            return dg.SkipReason("the night never began, or is launched again")
        return dg.RunRequest(run_key=run.run_id)

    return [
        dg.run_status_sensor(
            run_status=status,
            name=name,
            monitored_jobs=[night],
            request_job=backup,
            minimum_interval_seconds=10,
            default_status=dg.DefaultSensorStatus.RUNNING,
            description=f"Backs the home up after every night that {outcome}.",
        )(launch)
        for name, status, outcome in (
            ("nightly_backup", dg.DagsterRunStatus.SUCCESS, "passed"),
            ("failed_night_backup", dg.DagsterRunStatus.FAILURE, "failed"),
        )
    ]
