"""The backup after a night: a job, and the sensor that launches it when a night has passed.

It is a run of its own, so that a backup that fails is a failed run that is alerted like others, and
the night stays successful. What a backup is does not belong here (`database.backups`).
"""

import dagster as dg

from insight_dagster.database.backups.backup_folder import back_up
from insight_dagster.resources.database import DatabaseResource
from insight_dagster.resources.home_folders import HomeFoldersResource
from insight_dagster.resources.names import Names
from insight_dagster.resources.options import OptionsResource

JOB_NAME = "back_up_home"


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
        name=JOB_NAME,
        executor_def=dg.in_process_executor,
        tags=names.run_tags,
        description="Write a verified backup of what cannot be computed again: ledger, baselines, "
        "pins, check results. `insight restore` brings it back.",
    )
    def back_up_home() -> None:
        write_backup()

    return back_up_home


def nightly_backup(
    names: Names, night: dg.JobDefinition, backup: dg.JobDefinition
) -> dg.SensorDefinition:
    """Return the sensor that launches a backup for every night that has passed.

    Args:
        names: of the home in the Dagster instance.
        night: the nightly re-analysis.
        backup: the job that backs the home up.
    """

    @dg.run_status_sensor(
        run_status=dg.DagsterRunStatus.SUCCESS,
        name="nightly_backup",
        monitored_jobs=[night],
        request_job=backup,
        minimum_interval_seconds=10,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Backs the home up after every night that has passed.",
    )
    def sensor(context: dg.RunStatusSensorContext) -> dg.RunRequest | dg.SkipReason:
        if not names.owns(context.dagster_run):
            return dg.SkipReason("a night of another home")
        return dg.RunRequest(run_key=context.dagster_run.run_id)

    return sensor
