"""The backup after a night: requested once for each night of the home, and a run of its own."""

import dagster as dg

from insight_dagster.database import Database
from insight_dagster.database.backups.backup_folder import list_backups, read_backup
from insight_dagster.definitions import build_definitions
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


def test_every_night_that_passed_is_followed_by_one_backup(tmp_path):
    definitions = build_definitions(load_settings(home=tmp_path / "home"))
    sensor = next(each for each in definitions.sensors if each.name == "nightly_backup")
    assert sensor.default_status is dg.DefaultSensorStatus.RUNNING
    assert [job.name for job in sensor.jobs] == ["back_up_home"]

    @dg.job(name="nightly_reanalysis")
    def night():
        pass

    with dg.instance_for_test() as instance:
        result = night.execute_in_process(instance=instance)
        context = dg.build_run_status_sensor_context(
            sensor_name=sensor.name,
            dagster_instance=instance,
            dagster_run=result.dagster_run,
            dagster_event=result.get_run_success_event(),
        )
        request = sensor(context)
    assert request.run_key == result.run_id
