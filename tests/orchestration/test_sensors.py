"""Sensors and the schedule, evaluated through Dagster's own test contexts."""

import time
from datetime import UTC, datetime

import dagster as dg
import pytest

from insight_dagster.analysis.clip_library import scan
from insight_dagster.analysis.clip_library.clip_manifest import manifest_rows
from insight_dagster.assets.baseline import promote
from insight_dagster.database import Database
from insight_dagster.database.writes import ReplacePartition
from insight_dagster.errors import LibraryError, SettingsError
from insight_dagster.orchestration import stage_requests
from insight_dagster.orchestration.alerts.sensors import alert_queue, failed_checks, failure_alerts
from insight_dagster.orchestration.class_ranges import range_tags
from insight_dagster.orchestration.dagster_internals import (
    PARTITION_TAG,
    RANGE_END_TAG,
    RANGE_START_TAG,
    RETRY_RUN_ID_TAG,
    WILL_RETRY_TAG,
    make_new_run_id,
)
from insight_dagster.orchestration.jobs import define_jobs
from insight_dagster.orchestration.nightly_job import extract
from insight_dagster.orchestration.schedules import nightly_schedule
from insight_dagster.orchestration.sensors import clip_library_sensor, nightly_stages
from insight_dagster.orchestration.stage_requests import (
    NIGHT_TAG,
    REQUEST_TAG,
    STAGE_TAG,
    StageRequest,
    has_ended,
    run_requests,
    wait_for_earlier_nights,
)
from insight_dagster.orchestration.stages import NIGHT_JOB
from insight_dagster.orchestration.upkeep import unlaunched_runs
from insight_dagster.resources.clip_library import ClipLibraryResource
from insight_dagster.resources.database import DatabaseResource
from insight_dagster.resources.names import Names
from insight_dagster.settings import load_settings
from insight_dagster.tables import CLIP_MANIFEST, LATENT_SPACES

PARTITIONS = "action_class"


def home(tmp_path, *classes: str, fitted: bool = True, **settings):
    """Settings of a home whose library has classes of one text file each."""
    for name in classes:
        folder = tmp_path / "library" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "clip.mp4").write_text("x")
    found = load_settings(home=tmp_path, **settings)
    if fitted:
        row = dict.fromkeys(LATENT_SPACES.column_names)
        row |= dict.fromkeys(("model_fingerprint", "fit_key", "path"), "x") | {"space_id": "s"}
        row |= dict.fromkeys(("clips", "components", "clusters"), 1) | {"created_at": 0}
        row |= {"explained_variance": 1.0, "noise_share": 0.0, "classes": [], "left_out": []}
        Database(found.folders.database).write(
            ReplacePartition(LATENT_SPACES, LATENT_SPACES.from_rows([row]), "s")
        )
    return found


def jobs_of(settings):
    return define_jobs(Names.of(settings), promote)


class Watcher:
    """Evaluates the library sensor as the daemon would, tick after tick."""

    def __init__(self, settings, instance):
        self.settings, self.instance, self.cursor = settings, instance, None

    def tick(self):
        sensor = clip_library_sensor(self.settings, jobs_of(self.settings))
        context = dg.build_sensor_context(self.instance, cursor=self.cursor)
        found = sensor(context)
        self.cursor = found.cursor
        for request in found.dynamic_partitions_requests or []:
            self.instance.add_dynamic_partitions(
                request.partitions_def_name, request.partition_keys
            )
        return found

    def settled(self):
        self.tick()
        return self.tick()


@pytest.fixture
def instance():
    with dg.instance_for_test() as found:
        yield found


def test_new_classes_become_partitions_and_are_analysed(tmp_path, instance):
    names = ("rock climbing", "класс", "a'b\"c", "שלום", "🏂")
    watcher = Watcher(home(tmp_path, *names), instance)
    assert not watcher.tick().run_requests, "one look is not enough: a copy may be under way"
    found = watcher.tick()
    assert sorted(instance.get_dynamic_partitions(PARTITIONS)) == sorted(names)
    assert {(r.job_name, r.partition_key) for r in found.run_requests} == {
        ("analyse_classes", name) for name in names
    }
    assert not watcher.tick().run_requests


def test_a_changed_class_asks_for_itself_alone(tmp_path, instance):
    settings = home(tmp_path, "a", "b")
    watcher = Watcher(settings, instance)
    first = {r.partition_key: r.run_key for r in watcher.settled().run_requests}
    (settings.library_folder / "a" / "more.mp4").write_text("y")
    (again,) = watcher.settled().run_requests
    assert again.partition_key == "a"
    assert again.run_key != first["a"]


def test_a_home_without_a_latent_space_asks_for_the_whole_analysis_once(tmp_path, instance):
    watcher = Watcher(home(tmp_path, "a", "b", fitted=False), instance)
    (request,) = watcher.settled().run_requests
    assert request.job_name == NIGHT_JOB and request.partition_key is None
    assert sorted(instance.get_dynamic_partitions(PARTITIONS)) == ["a", "b"]


def test_what_is_stored_already_asks_for_nothing(tmp_path, instance):
    settings = home(tmp_path, "a", "b")
    manifest = manifest_rows(scan(settings.library_folder).of_class("a"), previous=None).table
    Database(settings.folders.database).write(ReplacePartition(CLIP_MANIFEST, manifest, "a"))
    requests = Watcher(settings, instance).settled().run_requests
    assert [request.partition_key for request in requests] == ["b"]


def test_a_class_that_left_is_reported_and_not_removed(tmp_path, instance):
    settings = home(tmp_path, "a", "b")
    watcher = Watcher(settings, instance)
    watcher.settled()
    (settings.library_folder / "b" / "clip.mp4").unlink()
    found = watcher.tick()
    (event,) = found.asset_events
    assert (event.check_name, event.partition, event.passed) == ("in_library", "b", False)
    assert event.severity == dg.AssetCheckSeverity.WARN
    assert "b" in instance.get_dynamic_partitions(PARTITIONS)
    assert not watcher.tick().asset_events, "it is told once"


def test_a_lost_library_fails_the_tick_and_forgets_nothing(tmp_path, instance):
    settings = home(tmp_path, "a")
    watcher = Watcher(settings, instance)
    watcher.settled()
    settings.library_folder.rename(tmp_path / "elsewhere")
    with pytest.raises(LibraryError, match="does not exist"):
        watcher.tick()
    (tmp_path / "elsewhere").rename(settings.library_folder)
    assert not watcher.tick().run_requests


@pytest.mark.parametrize("name", ["a\nb", " padded", "x" * 201, "a...b", "tab\there"])
def test_names_that_cannot_be_partitions_are_refused_with_a_reason(tmp_path, instance, name):
    with pytest.raises(LibraryError, match="class name .*rename it"):
        Watcher(home(tmp_path, name), instance).tick()


def test_automation_conditions_leave_the_runs_to_dagster(tmp_path, instance):
    watcher = Watcher(home(tmp_path, "a", automation="conditions"), instance)
    assert not watcher.settled().run_requests
    assert list(instance.get_dynamic_partitions(PARTITIONS)) == ["a"]


def test_what_runs_by_itself_follows_one_setting(tmp_path):
    running = dg.DefaultSensorStatus.RUNNING

    def states(**settings):
        found = home(tmp_path, fitted=False, **settings)
        jobs = jobs_of(found)
        return (
            clip_library_sensor(found, jobs).default_status == running,
            nightly_schedule(found, jobs.nightly).default_status
            == dg.DefaultScheduleStatus.RUNNING,
            failure_alerts(found).default_status == running,
        )

    assert states() == (True, True, False)
    assert states(automation="conditions") == (True, False, False)
    assert states(automation="off") == (False, False, False)
    assert states(alert_webhook="http://127.0.0.1:1/") == (True, True, True)


def test_a_stage_asks_for_its_runs_with_keys_that_never_repeat():
    wanted = StageRequest("place_classes 1", "place_classes", (("a", "c"), ("e", "e")), {"x": 1})
    night = dg.DagsterRun(job_name=NIGHT_JOB, run_id="n", tags={REQUEST_TAG: wanted.to_tag("n")})
    assert StageRequest.of_run(night) == wanted
    requests = list(run_requests("night", wanted))
    assert [(r.tags[RANGE_START_TAG], r.tags[RANGE_END_TAG]) for r in requests] == [
        ("a", "c"),
        ("e", "e"),
    ]
    assert {r.tags[STAGE_TAG] for r in requests} == {"place_classes 1"}
    keys = {r.run_key for r in requests} | {r.run_key for r in run_requests("other", wanted)}
    assert len(keys) == 4
    (shared,) = run_requests("night", StageRequest("refit", "refit_latent_space"))
    assert RANGE_START_TAG not in shared.tags


def test_a_night_in_place_of_one_that_died_asks_for_nothing_of_its_own_yet(instance):
    wanted = StageRequest("place_classes 1", "place_classes", (("a", "c"),))
    again = dg.DagsterRun(
        job_name=NIGHT_JOB,
        run_id="second",
        status=dg.DagsterRunStatus.STARTED,
        tags={REQUEST_TAG: wanted.to_tag("first")},
    )
    instance.add_run(again)
    sensor = nightly_stages(Names(), define_jobs(Names(), promote))
    ticked = list(sensor(dg.build_sensor_context(instance)))
    assert [type(each) for each in ticked] == [dg.SkipReason]
    instance.add_run_tags("second", {REQUEST_TAG: wanted.to_tag("second")})
    (request,) = sensor(dg.build_sensor_context(instance))
    assert request.tags[NIGHT_TAG] == "second"


def test_a_run_that_will_be_retried_has_not_ended():
    def run(status, **tags):
        return dg.DagsterRun(
            job_name="x", status=status, tags={f"dagster/{k}": v for k, v in tags.items()}
        )

    failed = dg.DagsterRunStatus.FAILURE
    assert has_ended(run(dg.DagsterRunStatus.SUCCESS))
    assert not has_ended(run(dg.DagsterRunStatus.STARTED))
    assert has_ended(run(failed, will_retry="false"))
    assert not has_ended(run(failed, will_retry="true"))
    assert has_ended(run(failed, will_retry="true", auto_retry_run_id="another"))


def schedule_tick(settings, instance):
    context = dg.build_schedule_context(
        instance, scheduled_execution_time=datetime(2026, 1, 2, 2, tzinfo=UTC)
    )
    return nightly_schedule(settings, jobs_of(settings).nightly).evaluate_tick(context)


def test_a_night_starts_unless_one_is_at_work(tmp_path, instance):
    settings = home(tmp_path, fitted=False)
    (request,) = schedule_tick(settings, instance).run_requests
    assert request.run_key == "2026-01-02T02:00:00+00:00"
    instance.add_run(
        dg.DagsterRun(
            job_name=NIGHT_JOB, status=dg.DagsterRunStatus.STARTED, tags={REQUEST_TAG: "x"}
        )
    )
    found = schedule_tick(settings, instance)
    assert not found.run_requests and "still running" in found.skip_message


def test_a_night_waits_for_a_library_that_is_not_there(tmp_path, instance):
    library = ClipLibraryResource(folder=str(tmp_path / "unmounted"))
    with pytest.raises(dg.RetryRequested) as asked:
        extract(
            dg.build_op_context(instance=instance),
            insight_library=library,
            insight_database=DatabaseResource(path=str(tmp_path / "insight.duckdb")),
            insight_names=Names(),
        )
    assert isinstance(asked.value.__cause__, LibraryError)
    assert (asked.value.max_retries, asked.value.seconds_to_wait) == (3, 300)


def test_cron_and_time_zone_come_from_the_settings(tmp_path):
    def schedule_of(**settings):
        found = home(tmp_path, fitted=False, **settings)
        return nightly_schedule(found, jobs_of(found).nightly)

    schedule = schedule_of(nightly_cron="30 4 * * 1-5", timezone="Europe/Berlin")
    assert (schedule.cron_schedule, schedule.execution_timezone) == (
        "30 4 * * 1-5",
        "Europe/Berlin",
    )
    with pytest.raises(SettingsError, match=r"nightly_cron='often'.*0 2 \* \* \*"):
        schedule_of(nightly_cron="often")


def night_at_work(settings, instance, run_id):
    """Add a nightly run of a home that requests runs, as the daemon would have launched it."""
    wanted = StageRequest("place_classes 1", "place_classes", (("a", "c"),))
    tags = jobs_of(settings).nightly.tags | {REQUEST_TAG: wanted.to_tag(run_id)}
    status = dg.DagsterRunStatus.STARTED
    instance.add_run(dg.DagsterRun(job_name=NIGHT_JOB, run_id=run_id, status=status, tags=tags))


def test_homes_in_one_instance_see_their_own_nights_alone(tmp_path, instance):
    first = home(tmp_path / "1", fitted=False)
    second = home(tmp_path / "2", fitted=False, key_prefix="video/north")
    night_at_work(first, instance, "night of the first")
    assert not schedule_tick(first, instance).run_requests
    assert schedule_tick(second, instance).run_requests
    night_at_work(second, instance, "night of the second")
    assert not schedule_tick(second, instance).run_requests
    for settings, night in ((first, "night of the first"), (second, "night of the second")):
        sensor = nightly_stages(Names.of(settings), jobs_of(settings))
        (request,) = sensor(dg.build_sensor_context(instance))
        assert request.tags[NIGHT_TAG] == night


def test_a_night_waits_for_the_runs_of_its_own_home_alone(instance, monkeypatch):
    left = dg.DagsterRun(
        job_name="place_classes",
        status=dg.DagsterRunStatus.STARTED,
        tags={NIGHT_TAG: "dead", **Names(("north",)).run_tags},
    )
    instance.add_run(left)
    waits = []

    def sleep(seconds):
        waits.append(seconds)
        instance.report_run_canceled(left)

    monkeypatch.setattr(time, "sleep", sleep)
    for names in (Names(), Names(("south",))):
        wait_for_earlier_nights(dg.build_op_context(instance=instance), names)
        assert not waits
    wait_for_earlier_nights(dg.build_op_context(instance=instance), Names(("north",)))
    assert len(waits) == 1


def test_homes_in_one_instance_watch_their_own_classes(tmp_path, instance):
    first = Watcher(home(tmp_path / "1", "snow", "disc"), instance)
    second = Watcher(home(tmp_path / "2", "snow", "climbing", key_prefix="north"), instance)
    assert {each.partition_key for each in first.settled().run_requests} == {"snow", "disc"}
    assert {each.partition_key for each in second.settled().run_requests} == {"snow", "climbing"}
    assert set(instance.get_dynamic_partitions("north.action_class")) == {"snow", "climbing"}
    assert set(instance.get_dynamic_partitions(PARTITIONS)) == {"snow", "disc"}
    (second.settings.library_folder / "snow" / "clip.mp4").unlink()
    (event,) = second.tick().asset_events
    assert event.asset_key == dg.AssetKey(["north", "clip_manifest"])
    assert not first.tick().asset_events


def test_a_check_that_passed_again_is_not_told(instance):
    class Answer(dg.Config):
        passed: bool
        severity: str = "ERROR"

    @dg.asset(key_prefix=["video", "north"])
    def watched() -> None: ...

    @dg.asset_check(asset=watched)
    def good(config: Answer) -> dg.AssetCheckResult:
        severity = dg.AssetCheckSeverity(config.severity)
        return dg.AssetCheckResult(passed=config.passed, severity=severity, description="why")

    def run(**answer):
        config = {"ops": {"video__north__watched_good": {"config": answer}}}
        return dg.materialize([watched, good], instance=instance, run_config=config).run_id

    failed, warned = run(passed=False), run(passed=False, severity="WARN")
    passed = run(passed=True, severity="WARN")
    told = [{"asset": "watched", "check": "good", "class": "", "description": "why"}]
    assert failed_checks(instance, [passed, failed]) == told
    assert failed_checks(instance, [failed, passed]) == []
    assert failed_checks(instance, [failed, warned]) == []


def fail_to_launch(instance, run_id=None, **attributes):
    run = dg.DagsterRun(run_id=run_id or make_new_run_id(), **attributes)
    instance.add_run(run)
    instance.report_run_failed(run, "the launcher failed")
    return run.run_id


def launch(instance, request):
    """Add the run of a request, as the daemon does."""
    key = {PARTITION_TAG: request.partition_key} if request.partition_key else {}
    run = dg.DagsterRun(
        job_name=request.job_name,
        run_id=make_new_run_id(),
        status=dg.DagsterRunStatus.STARTING,
        tags={"dagster/run_key": request.run_key, **key},
    )
    return instance.add_run(run)


@pytest.fixture
def at_once(monkeypatch):
    """Runs that could not be launched are due again at once."""
    monkeypatch.setattr(unlaunched_runs, "AGAIN_SECONDS", 0)


def test_a_class_whose_run_could_not_be_launched_is_requested_again(
    tmp_path, instance, monkeypatch
):
    watcher = Watcher(home(tmp_path, "a", "b"), instance)
    first = {r.partition_key: r.run_key for r in watcher.settled().run_requests}
    fail_to_launch(instance, job_name="analyse_classes", tags={PARTITION_TAG: "a"})
    assert not watcher.tick().run_requests, "not at once: the reason may last"
    monkeypatch.setattr(unlaunched_runs, "AGAIN_SECONDS", 0)
    (again,) = watcher.tick().run_requests
    assert (again.job_name, again.partition_key) == ("analyse_classes", "a")
    assert again.run_key != first["a"]
    (same,) = watcher.tick().run_requests
    assert same.run_key == again.run_key, "nothing was launched yet: Dagster knows the key"
    run = launch(instance, again)
    assert not watcher.tick().run_requests, "the run that is being launched stands for it"
    instance.report_run_failed(run, "the launcher failed again")
    (third,) = watcher.tick().run_requests
    assert third.run_key not in (again.run_key, first["a"])


def test_of_a_stage_that_could_not_be_launched_each_class_is_requested_once(
    tmp_path, instance, at_once
):
    settings = home(tmp_path, "a", "b", "c", "d")
    watcher = Watcher(settings, instance)
    watcher.settled()
    ends = range_tags(("a", "c"))
    fail_to_launch(instance, job_name="extract_features", tags={**ends, NIGHT_TAG: "n"})
    fail_to_launch(instance, job_name="place_classes", tags={**ends, NIGHT_TAG: "n"})
    (settings.library_folder / "b" / "clip.mp4").unlink()  # it cannot be analysed any more
    found = watcher.tick().run_requests
    assert sorted(request.partition_key for request in found) == ["a", "c"]
    (settings.library_folder / "c" / "more.mp4").write_text("y")
    found = watcher.settled().run_requests
    assert sorted(request.partition_key for request in found) == ["a", "c"]


def test_a_night_that_could_not_be_launched_is_requested_again(tmp_path, instance, at_once):
    watcher = Watcher(home(tmp_path, "a", "b", fitted=False), instance)
    (first,) = watcher.settled().run_requests
    assert not watcher.tick().run_requests
    fail_to_launch(instance, job_name=NIGHT_JOB)
    (again,) = watcher.tick().run_requests
    assert again.job_name == NIGHT_JOB and again.run_key != first.run_key
    assert again.partition_key is None


def test_a_night_that_is_requested_again_stands_for_its_classes(tmp_path, instance, at_once):
    watcher = Watcher(home(tmp_path, "a", "b"), instance)
    watcher.settled()
    fail_to_launch(instance, job_name="analyse_classes", tags={PARTITION_TAG: "a"})
    fail_to_launch(instance, job_name=NIGHT_JOB)
    (again,) = watcher.tick().run_requests
    assert (again.job_name, again.partition_key) == (NIGHT_JOB, None)


def test_conditions_launch_runs_and_the_sensor_none(tmp_path, instance, at_once):
    watcher = Watcher(home(tmp_path, "a", automation="conditions"), instance)
    watcher.settled()
    fail_to_launch(instance, job_name="analyse_classes", tags={PARTITION_TAG: "a"})
    fail_to_launch(instance, job_name=NIGHT_JOB)
    assert not watcher.tick().run_requests
    assert instance.get_dynamic_partitions(PARTITIONS) == ["a"]


def test_what_another_home_could_not_launch_is_none_of_its_business(tmp_path, instance, at_once):
    watcher = Watcher(home(tmp_path, "a"), instance)
    watcher.settled()
    tags = {PARTITION_TAG: "a", **Names(("north",)).run_tags}
    fail_to_launch(instance, job_name="analyse_classes", tags=tags)
    assert not watcher.tick().run_requests


def test_a_run_that_was_never_queued_keeps_no_night_from_starting(tmp_path, instance, monkeypatch):
    settings = home(tmp_path, fitted=False)
    status = dg.DagsterRunStatus.NOT_STARTED
    for job, tags in ((NIGHT_JOB, {}), ("place_classes", {NIGHT_TAG: "dead"})):
        instance.add_run(
            dg.DagsterRun(job_name=job, run_id=make_new_run_id(), status=status, tags=tags)
        )
    assert not schedule_tick(settings, instance).run_requests, "it may be queued in a moment"
    monkeypatch.setattr(stage_requests, "QUEUED_WITHIN_SECONDS", 0.0)
    assert schedule_tick(settings, instance).run_requests
    wait_for_earlier_nights(dg.build_op_context(instance=instance), Names())


def test_failures_of_other_homes_and_projects_raise_no_alert(tmp_path, instance):
    settings = home(tmp_path, fitted=False, alert_command=("true",))
    sensor, queued = failure_alerts(settings), alert_queue(settings).folder

    def failed(**attributes):
        run_id = fail_to_launch(instance, **attributes)
        event = instance.all_logs(run_id)[-1].dagster_event
        run = instance.get_run_by_id(run_id)
        context = dg.build_run_status_sensor_context(
            sensor_name=sensor.name,
            dagster_instance=instance,
            dagster_run=run,
            dagster_event=event,
        )
        sensor(context.for_run_failure())
        return len(list(queued.glob("*.json")))

    assert failed(job_name="their_job") == 0
    assert failed(job_name="analyse_classes", tags=Names(("north",)).run_tags) == 0
    again = {WILL_RETRY_TAG: "true"}
    assert failed(job_name="analyse_classes", tags=again) == 0
    assert failed(job_name="analyse_classes", tags={**again, RETRY_RUN_ID_TAG: "r"}) == 0
    assert failed(job_name="analyse_classes") == 1
    assert failed(job_name="__ASSET_JOB", asset_selection={dg.AssetKey("verdict")}) == 2
