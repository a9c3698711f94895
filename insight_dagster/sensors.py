"""What the daemon watches: the clip library, the night's stages, the baseline, failures."""

from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg
import pyarrow as pa

from assets.baseline import baseline
from assets.clip_manifest import clip_manifest
from insight_dagster.alerts import Alert
from insight_dagster.analysis.clip_library import scan
from insight_dagster.analysis.clip_library.changes import Changes, LibraryWatch, watch
from insight_dagster.database import Database
from insight_dagster.jobs import (
    STAGE_JOBS,
    analyse_classes,
    hold_against_baseline,
    promote_baseline,
)
from insight_dagster.nightly import (
    JOB_NAME,
    NIGHT_TAG,
    STAGE_TAG,
    Wanted,
    has_ended,
    nightly_reanalysis,
)
from insight_dagster.outbox import Outbox
from insight_dagster.settings import Settings
from insight_dagster.stages import RANGE_END, RANGE_START, REPORT, range_tags, ranges
from insight_dagster.tables import CLIP_MANIFEST
from resources.partitions import ACTION_CLASSES

_PARTITIONS = str(ACTION_CLASSES.name)
_RUNNING, _STOPPED = dg.DefaultSensorStatus.RUNNING, dg.DefaultSensorStatus.STOPPED


def clip_library_sensor(settings: Settings) -> dg.SensorDefinition:
    """Watches the library of a home."""

    @dg.sensor(
        name="clip_library_sensor",
        jobs=[analyse_classes, nightly_reanalysis],
        minimum_interval_seconds=settings.watch_seconds,
        default_status=_STOPPED if settings.automation == "off" else _RUNNING,
        description="New classes become partitions and are analysed; of known classes those whose "
        "clips changed. A class that has gone is reported by its check in_library.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        library = scan(settings.library_folder)
        before = LibraryWatch.from_cursor(context.cursor)
        seen = watch(
            library,
            before,
            stored=lambda names: _stored(settings, names),
        )
        known = set(context.instance.get_dynamic_partitions(_PARTITIONS))
        new = [name for name in seen.settled if name not in known]
        gone = sorted(known - set(library.classes))
        newly_gone = [name for name in gone if name in before.seen or not context.cursor]
        if gone:
            context.log.warning(f"no longer in the library, rows kept: {', '.join(gone)}")
        return dg.SensorResult(
            run_requests=list(_requests(settings, seen)),
            dynamic_partitions_requests=[ACTION_CLASSES.build_add_request(new)] if new else [],
            asset_events=[_gone_check(name, library.classes) for name in newly_gone],
            cursor=seen.state.to_cursor(),
            skip_reason=None if seen.changed else _quiet(seen, library.classes),
        )

    return sensor


def nightly_stages() -> dg.SensorDefinition:
    """Launches the runs that a night asks for."""

    @dg.sensor(
        name="nightly_stages",
        jobs=[*STAGE_JOBS.values(), promote_baseline],
        minimum_interval_seconds=5,
        default_status=_RUNNING,
        description="Launches the runs that a nightly re-analysis in progress asks for.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        nights = context.instance.get_runs(
            dg.RunsFilter(job_name=JOB_NAME, statuses=[dg.DagsterRunStatus.STARTED])
        )
        requests = [
            request
            for night in nights
            if (wanted := Wanted.by(night))
            for request in stage_requests(night.run_id, wanted)
        ]
        if requests:
            yield from requests
        else:
            yield dg.SkipReason("no night asks for runs")

    return sensor


def stage_requests(night: str, wanted: Wanted) -> Iterator[dg.RunRequest]:
    """The runs of a stage; asked for twice, they are launched once."""
    for number, classes in enumerate(wanted.ranges):
        yield dg.RunRequest(
            job_name=wanted.job,
            run_key=f"{night} {wanted.stage} {number}",
            run_config=wanted.config,
            tags={
                NIGHT_TAG: night,
                STAGE_TAG: wanted.stage,
                **(range_tags(classes) if classes else {}),
            },
        )


def baseline_sensor() -> dg.SensorDefinition:
    """Holds every class against a baseline as soon as it is promoted."""
    report = STAGE_JOBS[REPORT.job]

    @dg.asset_sensor(
        name="baseline_sensor",
        asset_key=baseline.key,
        jobs=[hold_against_baseline, report],
        minimum_interval_seconds=10,
        default_status=_RUNNING,
        description="After a promotion: performance and verdicts anew, and the report.",
    )
    def sensor(
        context: dg.SensorEvaluationContext, event: dg.EventLogEntry
    ) -> Iterator[dg.RunRequest]:
        names = context.instance.get_dynamic_partitions(_PARTITIONS)
        for number, classes in enumerate(ranges(names, names)):
            yield dg.RunRequest(
                job_name=hold_against_baseline.name,
                run_key=f"{event.run_id} {number}",
                tags=range_tags(classes),
            )
        yield dg.RunRequest(job_name=report.name, run_key=f"{event.run_id} report")

    return sensor


def failure_alerts(settings: Settings) -> dg.SensorDefinition:
    """Has runs that failed told to the alert hook."""

    @dg.run_failure_sensor(
        name="failure_alerts",
        minimum_interval_seconds=10,
        default_status=_alerting(settings),
        description="Runs that failed, by an error or by a check of severity ERROR, are put into "
        "the outbox that alert_delivery empties. A night tells once, at its end.",
    )
    def sensor(context: dg.RunFailureSensorContext) -> dg.SkipReason | None:
        run = context.dagster_run
        if NIGHT_TAG in run.tags:
            return dg.SkipReason("its night tells")
        if not has_ended(run):
            return dg.SkipReason("it is launched again")
        reason = context.failure_event.message or ""
        outbox(settings).put(alert_of(context.instance, run, reason, settings))
        return None

    return sensor


def alert_delivery(settings: Settings) -> dg.SensorDefinition:
    """Delivers alerts, and tries again what nobody took."""

    @dg.sensor(
        name="alert_delivery",
        minimum_interval_seconds=10,
        default_status=_alerting(settings),
        description="Tells alert_webhook and alert_command of the settings what is in the outbox; "
        "what could not be delivered is tried again for three days.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        problems = outbox(settings).deliver()
        for problem in problems:
            context.log.error(f"an alert was not delivered: {problem}")
        return dg.SkipReason("; ".join(problems) or "no alert is left undelivered")

    return sensor


def outbox(settings: Settings) -> Outbox:
    """The home's undelivered alerts."""
    return Outbox(
        settings.home / "alerts", webhook=settings.alert_webhook, command=settings.alert_command
    )


def _alerting(settings: Settings) -> dg.DefaultSensorStatus:
    return _RUNNING if settings.alert_webhook or settings.alert_command else _STOPPED


def alert_of(
    instance: dg.DagsterInstance, run: dg.DagsterRun, reason: str, settings: Settings
) -> Alert:
    """What is told of a failed run: its failed checks where it has some, else its error."""
    run_ids = [run.run_id]
    if run.job_name == JOB_NAME:
        nights = instance.get_runs(dg.RunsFilter(tags={NIGHT_TAG: run.run_id}))
        run_ids += [each.run_id for each in reversed(nights)]
    checks = failed_checks(instance, run_ids)
    return Alert(
        kind="check_failed" if checks else "run_failed",
        job=run.job_name,
        run_id=run.run_id,
        classes=run.tags.get("dagster/partition")
        or " ... ".join(run.tags[tag] for tag in (RANGE_START, RANGE_END) if tag in run.tags),
        reason=step_error(instance, run.run_id) or reason,
        checks=tuple(checks),
        home=str(settings.home),
    )


def failed_checks(instance: dg.DagsterInstance, run_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Checks of severity ERROR that failed in some runs, as the last of these saw each.

    Args:
        instance: of the runs.
        run_ids: oldest first.
    """
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for run_id in run_ids:
        for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION):
            result = entry.asset_check_evaluation
            if result is None or result.severity != dg.AssetCheckSeverity.ERROR:
                continue
            key = (result.asset_key.to_user_string(), result.check_name, result.partition or "")
            found.pop(key, None)
            if not result.passed:
                names = dict(zip(("asset", "check", "class"), key, strict=True))
                found[key] = {**names, "description": result.description or ""}
    return list(found.values())


def step_error(instance: dg.DagsterInstance, run_id: str) -> str:
    """The error behind a run's first failed step, without Dagster's wrapping."""
    for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_FAILURE):
        event = entry.dagster_event
        error = event.step_failure_data.error if event else None
        while error and error.cause and (error.cls_name or "").startswith("Dagster"):
            error = error.cause
        if error:
            return error.message.strip().partition(": ")[2] or error.message.strip()
    return ""


def _requests(settings: Settings, seen: Changes) -> Iterator[dg.RunRequest]:
    """Runs for settled classes: the whole analysis where nothing has been fitted yet."""
    if not seen.settled:
        return
    if settings.automation == "conditions":
        return
    if not _has_space(settings):
        yield dg.RunRequest(job_name=JOB_NAME, run_key=f"first analysis {seen.state.requests}")
        return
    for name in seen.settled:
        yield dg.RunRequest(
            job_name="analyse_classes",
            partition_key=name,
            run_key=f"{name} {seen.state.done[name]} {seen.state.requests}",
        )


def _stored(settings: Settings, names: Sequence[str]) -> pa.Table:
    """What the manifest holds of some classes."""
    if not settings.database_path.exists():
        return CLIP_MANIFEST.from_rows([])
    sql = "SELECT * FROM clip_manifest WHERE list_contains(?, class_name)"
    return _database(settings).read(sql, [list(names)])


def _has_space(settings: Settings) -> bool:
    return settings.database_path.exists() and _database(settings).has_rows("latent_spaces")


def _database(settings: Settings) -> Database:
    return Database(settings.database_path, settings.lock_timeout_seconds)


def _gone_check(name: str, classes: Sequence[str]) -> dg.AssetCheckEvaluation:
    return dg.AssetCheckEvaluation(
        asset_key=clip_manifest.key,
        check_name="in_library",
        partition=name,
        passed=False,
        severity=dg.AssetCheckSeverity.WARN,
        description="the library has no clip of this class any more; its rows are kept. "
        "`insight classes remove` takes it away",
        metadata={"classes_in_library": len(classes)},
    )


def _quiet(seen: Changes, classes: Sequence[str]) -> str:
    waiting = ", ".join(seen.unsettled)
    if waiting:
        return f"still changing: {waiting}"
    return f"nothing changed in {len(classes)} classes"
