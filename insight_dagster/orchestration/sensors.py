"""The sensors: what the daemon watches in order to launch runs.

Alerts about failed runs (`alerts`) and what runs at a given time (`schedules`) do not belong here.
"""

from collections.abc import Collection, Iterator, Sequence

import dagster as dg
import pyarrow as pa

from insight_dagster.analysis.clip_library import scan
from insight_dagster.analysis.clip_library.library_watch import Changes, LibraryWatch, find_changes
from insight_dagster.database import Database
from insight_dagster.files.visible_text import visible
from insight_dagster.orchestration.class_ranges import class_ranges, range_tags
from insight_dagster.orchestration.jobs import Jobs
from insight_dagster.orchestration.stage_requests import StageRequest, run_requests
from insight_dagster.orchestration.stages import ANALYSE_JOB, EXTRACT, NIGHT_JOB
from insight_dagster.orchestration.upkeep.unlaunched_runs import UnlaunchedRun, unlaunched_runs
from insight_dagster.resources.names import Names
from insight_dagster.settings import Settings
from insight_dagster.tables import CLIP_MANIFEST
from insight_dagster.tables.operations import ALL_CLASSES

_RUNNING, _STOPPED = dg.DefaultSensorStatus.RUNNING, dg.DefaultSensorStatus.STOPPED


def clip_library_sensor(settings: Settings, jobs: Jobs) -> dg.SensorDefinition:
    """Return the sensor that watches the clip library and requests runs for its changes.

    Args:
        settings: of the home.
        jobs: of the home.
    """
    names = Names.of(settings)

    @dg.sensor(
        name="clip_library_sensor",
        jobs=[jobs.analyse_classes, jobs.nightly],
        minimum_interval_seconds=settings.watch_seconds,
        default_status=_STOPPED if settings.automation == "off" else _RUNNING,
        description="Adds new classes as partitions and analyses new and changed classes. A class "
        "that is no longer in the library fails its check in_library.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        library = scan(settings.library_folder)
        before = LibraryWatch.from_cursor(context.cursor)
        seen = find_changes(library, before, stored=lambda wanted: _stored(settings, wanted))
        known = set(context.instance.get_dynamic_partitions(names.partition_set))
        new = [name for name in seen.settled if name not in known]
        gone = sorted(known - set(library.classes))
        newly_gone = [name for name in gone if name in before.seen or not context.cursor]
        if gone:
            rows_of = visible(", ".join(gone))
            context.log.warning(f"no longer in the library, rows kept: {rows_of}")
        requests: list[dg.RunRequest] = []
        if settings.automation != "conditions":  # they launch the runs
            requests += _requests(settings, seen, jobs)
            requests += _requests_again(
                context, names, jobs, known & set(library.classes), requests
            )
        return dg.SensorResult(
            run_requests=requests,
            dynamic_partitions_requests=[names.classes.build_add_request(new)] if new else [],
            asset_events=[_gone_check(names, name, library.classes) for name in newly_gone],
            cursor=seen.watch.to_cursor(),
            skip_reason=None if requests or seen.changed else _quiet(seen, library.classes),
        )

    return sensor


def nightly_stages(names: Names, jobs: Jobs) -> dg.SensorDefinition:
    """Return the sensor that launches the runs that a nightly run of the home requests.

    Args:
        names: of the home in the Dagster instance.
        jobs: of the home.
    """

    @dg.sensor(
        name="nightly_stages",
        jobs=jobs.of_a_night,
        minimum_interval_seconds=5,
        default_status=_RUNNING,
        description="Launches the runs that a nightly re-analysis in progress requests.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        nights = context.instance.get_runs(
            dg.RunsFilter(job_name=NIGHT_JOB, statuses=[dg.DagsterRunStatus.STARTED])
        )
        requests = [
            request
            for night in nights
            if names.owns(night) and (requested := StageRequest.of_run(night))
            for request in run_requests(night.run_id, requested)
        ]
        if requests:
            yield from requests
        else:
            yield dg.SkipReason("no nightly re-analysis requests runs")

    return sensor


def baseline_sensor(names: Names, jobs: Jobs) -> dg.SensorDefinition:
    """Return the sensor that compares every class with a newly promoted baseline.

    Args:
        names: of the home in the Dagster instance.
        jobs: of the home.
    """

    @dg.asset_sensor(
        name="baseline_sensor",
        asset_key=names.key("baseline"),
        jobs=[jobs.compare_with_baseline, jobs.report],
        minimum_interval_seconds=10,
        default_status=_RUNNING,
        description="After a promotion, compares every class with the new baseline and writes the "
        "report again.",
    )
    def sensor(
        context: dg.SensorEvaluationContext, event: dg.EventLogEntry
    ) -> Iterator[dg.RunRequest]:
        found = context.instance.get_dynamic_partitions(names.partition_set)
        for number, classes in enumerate(class_ranges(found, found)):
            yield dg.RunRequest(
                job_name=jobs.compare_with_baseline.name,
                run_key=f"{event.run_id} {number}",
                tags=range_tags(classes),
            )
        yield dg.RunRequest(job_name=jobs.report.name, run_key=f"{event.run_id} report")

    return sensor


def _requests_again(
    context: dg.SensorEvaluationContext,
    names: Names,
    jobs: Jobs,
    classes: Collection[str],
    requested: Sequence[dg.RunRequest],
) -> list[dg.RunRequest]:
    """Return the requests of runs that take the place of those that could not be launched."""
    found = _not_launched(context.instance, names, classes, requested)
    for each in found:
        context.log.warning(
            f"{each.job} {visible(each.class_name)} could not be launched ({each.reason}) and is "
            "requested again"
        )
    return [_again(each, jobs) for each in found]


def _not_launched(
    instance: dg.DagsterInstance,
    names: Names,
    classes: Collection[str],
    requested: Sequence[dg.RunRequest],
) -> list[UnlaunchedRun]:
    """Return the analyses and nights that could not be launched and are to be requested again.

    Until the run that is requested has failed, it stands for the one that could not be launched.

    Args:
        instance: of the home.
        names: of the home in the instance.
        classes: those that can be analysed.
        requested: what is requested already.

    Returns:
        The night alone if it is among them: it analyses every class.
    """
    begun = {(each.job_name, each.partition_key or ALL_CLASSES) for each in requested}
    if (NIGHT_JOB, ALL_CLASSES) in begun:
        return []

    def matters(job: str, class_name: str) -> bool:
        if job == NIGHT_JOB:
            return True
        wanted = job in (ANALYSE_JOB, EXTRACT.job) and class_name in classes
        return wanted and (ANALYSE_JOB, class_name) not in begun

    due = [each for each in unlaunched_runs(instance, names, matters=matters) if each.is_due]
    return [each for each in due if each.job == NIGHT_JOB] or due


def _again(run: UnlaunchedRun, jobs: Jobs) -> dg.RunRequest:
    """Return the request of the run that takes the place of one that could not be launched."""
    if run.job == NIGHT_JOB:
        return dg.RunRequest(job_name=NIGHT_JOB, run_key=f"{run.run_id} again")
    return dg.RunRequest(
        job_name=jobs.analyse_classes.name,
        partition_key=run.class_name,
        run_key=f"{run.run_id} {run.class_name} again",
    )


def _requests(settings: Settings, seen: Changes, jobs: Jobs) -> Iterator[dg.RunRequest]:
    """Yield runs for settled classes: the whole analysis where no latent space is fitted yet."""
    if not seen.settled:
        return
    if not _has_space(settings):
        yield dg.RunRequest(job_name=NIGHT_JOB, run_key=f"first analysis {seen.watch.requests}")
        return
    for name in seen.settled:
        yield dg.RunRequest(
            job_name=jobs.analyse_classes.name,
            partition_key=name,
            run_key=f"{name} {seen.watch.requested[name]} {seen.watch.requests}",
        )


def _stored(settings: Settings, names: Sequence[str]) -> pa.Table:
    """Return the rows of the manifest of some classes."""
    if not settings.folders.database.exists():
        return CLIP_MANIFEST.from_rows([])
    sql = "SELECT * FROM clip_manifest WHERE list_contains(?, class_name)"
    return _database(settings).read(sql, [list(names)])


def _has_space(settings: Settings) -> bool:
    return settings.folders.database.exists() and _database(settings).has_rows("latent_spaces")


def _database(settings: Settings) -> Database:
    return Database(settings.folders.database, settings.lock_timeout_seconds)


def _gone_check(names: Names, name: str, classes: Sequence[str]) -> dg.AssetCheckEvaluation:
    return dg.AssetCheckEvaluation(
        asset_key=names.key("clip_manifest"),
        check_name="in_library",
        partition=name,
        passed=False,
        severity=dg.AssetCheckSeverity.WARN,
        description="the library has no clip of this class any more; its rows are kept. "
        "`insight classes remove` deletes them",
        metadata={"classes_in_library": len(classes)},
    )


def _quiet(seen: Changes, classes: Sequence[str]) -> str:
    waiting = ", ".join(seen.unsettled)
    if waiting:
        return f"still changing: {waiting}"
    return f"nothing changed in {len(classes)} classes"
