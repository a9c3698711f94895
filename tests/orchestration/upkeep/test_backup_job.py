"""The backup after a night: requested once for each night of the home, and a run of its own."""

import dagster as dg
import pytest

from insight_dagster.database import Database
from insight_dagster.database.backups.backup_folder import list_backups, read_backup
from insight_dagster.definitions import build_definitions
from insight_dagster.orchestration.dagster_internals import (
    RETRY_RUN_ID_TAG,
    WILL_RETRY_TAG,
    make_new_run_id,
)
from insight_dagster.settings import load_settings
from tests.support.small_database import fill_history


def test_the_job_writes_a_backup_and_keeps_as_many_as_the_settings_say(tmp_path):
    settings = load_settings(home=tmp_path / "home", keep_backups=1)
    fill_history(Database(settings.folders.database))
    job = build_definitions(settings).resolve_job_def("back_up_home")
    for number in (1, 2):
        assert job.execute_in_process().success
        (folder,) = list_backups(settings.folders.backups)
        assert folder.name.startswith(f"{number:06d}-")
    assert read_backup(folder)[0].tables["baselines"].rows == 3


def test_a_database_that_is_damaged_fails_the_backup_and_deletes_none(tmp_path):
    settings = load_settings(home=tmp_path / "home", keep_backups=1)
    fill_history(Database(settings.folders.database))
    job = build_definitions(settings).resolve_job_def("back_up_home")
    assert job.execute_in_process().success
    before = list_backups(settings.folders.backups)
    settings.folders.database.write_bytes(b"damaged" * 999)
    assert not job.execute_in_process(raise_on_error=False).success
    assert list_backups(settings.folders.backups) == before


@pytest.mark.parametrize("passes", [True, False])
def test_every_night_is_followed_by_one_backup(tmp_path, passes):
    @dg.op
    def conclude():
        assert passes

    @dg.job(name="nightly_reanalysis")
    def night():
        conclude()

    with dg.instance_for_test() as instance:
        run = night.execute_in_process(instance=instance, raise_on_error=False).dagster_run
        asked = [tick(sensor, instance, run) for sensor in backup_sensors(tmp_path, run.status)]
    assert [request.run_key for request in asked] == [run.run_id]


def test_a_night_that_never_began_is_followed_by_none(tmp_path):
    with dg.instance_for_test() as instance:
        run = instance.add_run(
            dg.DagsterRun(job_name="nightly_reanalysis", run_id=make_new_run_id())
        )
        instance.report_run_failed(run, "the launcher failed")
        run = instance.get_run_by_id(run.run_id)
        (asked,) = (tick(sensor, instance, run) for sensor in backup_sensors(tmp_path, run.status))
    assert isinstance(asked, dg.SkipReason)


@pytest.mark.parametrize("tags", [{}, {RETRY_RUN_ID_TAG: "another"}])
def test_a_night_that_is_launched_again_is_followed_by_none(tmp_path, tags):
    @dg.op
    def conclude():
        raise ValueError

    @dg.job(name="nightly_reanalysis")
    def night():
        conclude()

    with dg.instance_for_test() as instance:
        run = night.execute_in_process(instance=instance, raise_on_error=False).dagster_run
        instance.add_run_tags(run.run_id, {WILL_RETRY_TAG: "true", **tags})
        run = instance.get_run_by_id(run.run_id)
        (asked,) = (tick(sensor, instance, run) for sensor in backup_sensors(tmp_path, run.status))
    assert isinstance(asked, dg.SkipReason)


def backup_sensors(home, status):
    """Return the sensors of a home that back it up after a night that ended so."""
    found = [
        sensor
        for sensor in build_definitions(load_settings(home=home)).sensors
        if sensor.name in ("nightly_backup", "failed_night_backup")
    ]
    assert {sensor.default_status for sensor in found} == {dg.DefaultSensorStatus.RUNNING}
    assert [[job.name for job in sensor.jobs] for sensor in found] == [["back_up_home"]] * 2
    failed = status == dg.DagsterRunStatus.FAILURE
    return [sensor for sensor in found if (sensor.name == "failed_night_backup") == failed]


def tick(sensor, instance, run):
    event = instance.all_logs(run.run_id)[-1].dagster_event
    return sensor(
        dg.build_run_status_sensor_context(
            sensor_name=sensor.name,
            dagster_instance=instance,
            dagster_run=run,
            dagster_event=event,
        )
    )
