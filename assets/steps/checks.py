"""How checks run and report: once for each class of a run, into Dagster and the database.

A step serves all checks of one asset, so that a run starts one process for them. Dagster would run
it once for many partitions and record one result of no class; here every class gets its own. What a
check decides is in `analysis/checks` and `analysis/drift`.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import dagster as dg
from dagster import AssetCheckEvaluation, AssetCheckSeverity

from insight_dagster.analysis.checks import ERROR, Outcome, not_evaluated
from insight_dagster.database.writes import Upsert
from insight_dagster.orchestration.dagster_internals import (
    PARTITION_TAG,
    RANGE_START_TAG,
    CheckedMaterialization,
)
from insight_dagster.pipeline.class_checks import ClassChecks
from insight_dagster.resources.class_checks import ClassChecksResource
from insight_dagster.resources.partitions import ACTION_CLASSES
from insight_dagster.tables import CHECK_RESULTS
from insight_dagster.tables.clock import timestamp_now

ALL_CLASSES = ""
Judge = Callable[[ClassChecks, str], Mapping[str, Outcome]]
CheckEvents = Iterator[AssetCheckEvaluation | dg.Output]


def per_class(
    asset: dg.AssetsDefinition | dg.AssetSpec, *, blocking: bool = False, **descriptions: str
) -> list[dg.AssetCheckSpec]:
    """Specs of checks that every class has its own result of, by name.

    Checks that block have a step of their own: what is downstream waits for the whole step.
    """
    return [
        dg.AssetCheckSpec(
            name,
            asset=asset.key,
            description=description,
            blocking=blocking,
            partitions_def=ACTION_CLASSES,
        )
        for name, description in descriptions.items()
    ]


def all_classes(asset: dg.AssetsDefinition, **descriptions: str) -> list[dg.AssetCheckSpec]:
    """Specs of checks that are of no single class, by name."""
    return [
        dg.AssetCheckSpec(name, asset=asset.key, description=description)
        for name, description in descriptions.items()
    ]


def check_every_class(
    context: dg.AssetCheckExecutionContext,
    class_checks: ClassChecks,
    judge: Judge,
) -> CheckEvents:
    """Evaluate the step's checks for every class of the run, then end as they say.

    Args:
        context: of the check step.
        class_checks: of the present state.
        judge: outcomes of one class by check name.

    Yields:
        One evaluation for each check and class, one output for each check.

    Raises:
        dagster.Failure: a check of severity ERROR failed, so that the run is seen to have failed.
    """
    selected = {key.name: key for key in context.selected_asset_check_keys}
    found = {
        class_name: _judged(context, class_checks, judge, class_name, selected)
        for class_name in classes_of(context)
    }
    yield from _report(context, class_checks, found)


@dataclass(frozen=True)
class OwnChecks:
    """The checks of an asset, for its own step.

    Attributes:
        resource: gives the class_checks.
        judge: outcomes of one class by check name.
    """

    resource: ClassChecksResource
    judge: Judge


def record_checks(
    context: dg.AssetExecutionContext,
    asset: dg.AssetKey,
    checks: OwnChecks,
    class_names: Sequence[str],
) -> None:
    """Evaluate an asset's checks in its own step, for the classes that were done.

    For a step that will end as failed because of another class: Dagster then leaves its checks out,
    and these classes would be without a result of what was just written.
    """
    class_checks, judge = checks.resource.open(), checks.judge
    for class_name in class_names:
        outcomes = _judged(context, class_checks, judge, class_name, ())
        keys = {name: dg.AssetCheckKey(asset, name) for name in outcomes}
        kept = _with_severities(class_checks, {class_name: outcomes}, keys)
        _store(class_checks, context.run.run_id, keys, kept)
        for (_, name), outcome in kept.items():
            context.log_event(_evaluation(context.instance, keys[name], class_name, outcome))


def check_all_together(
    context: dg.AssetCheckExecutionContext,
    class_checks: ClassChecks,
    outcomes: Mapping[str, Outcome],
) -> CheckEvents:
    """Report checks that are of no single class; otherwise as `check_every_class`."""
    yield from _report(context, class_checks, {ALL_CLASSES: outcomes})


def classes_of(context: dg.AssetCheckExecutionContext) -> Sequence[str]:
    """The classes of the run; all of them where it names none."""
    run = context.run
    if run.tags.get(PARTITION_TAG) or run.tags.get(RANGE_START_TAG):
        return list(context.partition_keys)
    return context.instance.get_dynamic_partitions(str(ACTION_CLASSES.name))


def _judged(
    context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext,
    class_checks: ClassChecks,
    judge: Judge,
    class_name: str,
    names: Iterable[str],
) -> Mapping[str, Outcome]:
    """Outcomes of a class; where it cannot be judged, that is the outcome of every check named."""
    try:
        return judge(class_checks, class_name)
    except Exception as problem:
        context.log.exception(f"{class_name!r} could not be judged: {problem}")
        return dict.fromkeys(names, not_evaluated(problem))


def _report(
    context: dg.AssetCheckExecutionContext,
    class_checks: ClassChecks,
    found: Mapping[str, Mapping[str, Outcome]],
) -> CheckEvents:
    selected = {key.name: key for key in context.selected_asset_check_keys}
    kept = _with_severities(class_checks, found, selected)
    _store(class_checks, context.run.run_id, selected, kept)
    for (class_name, name), outcome in kept.items():
        yield _evaluation(context.instance, selected[name], class_name, outcome)
    for key in selected.values():
        yield dg.Output(None, output_name=f"{key.asset_key.to_python_identifier()}_{key.name}")
    failed = [
        f"{name}{f' of {class_name!r}' if class_name else ''}: {outcome.description}"
        for (class_name, name), outcome in kept.items()
        if not outcome.passed and outcome.severity == ERROR
    ]
    if failed:
        raise dg.Failure(
            f"{len(failed)} of {len(kept)} checks failed: " + "; ".join(failed),
            allow_retries=False,
        )


def _with_severities(
    class_checks: ClassChecks,
    found: Mapping[str, Mapping[str, Outcome]],
    keys: Mapping[str, dg.AssetCheckKey],
) -> dict[tuple[str, str], Outcome]:
    """Outcomes of the checks asked for by class and name, of the severity that is set."""
    return {
        (class_name, name): outcome.with_severity(class_checks.thresholds.severities.get(name))
        for class_name, outcomes in found.items()
        for name, outcome in outcomes.items()
        if name in keys
    }


def _evaluation(
    instance: dg.DagsterInstance,
    key: dg.AssetCheckKey,
    class_name: str,
    outcome: Outcome,
) -> AssetCheckEvaluation:
    return AssetCheckEvaluation(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=outcome.passed,
        metadata=dict(outcome.facts),
        target_materialization_data=_target(instance, key.asset_key, class_name),
        severity=AssetCheckSeverity(outcome.severity),
        description=outcome.description,
        partition=class_name or None,
    )


def _target(
    instance: dg.DagsterInstance, asset: dg.AssetKey, class_name: str
) -> CheckedMaterialization | None:
    """Return the materialization that a check evaluated, None where there is none."""
    wanted = dg.AssetRecordsFilter(asset, asset_partitions=[class_name] if class_name else None)
    records = instance.fetch_materializations(wanted, limit=1).records
    if not records:
        return None
    newest = records[0]
    return CheckedMaterialization(
        storage_id=newest.storage_id, run_id=newest.run_id, timestamp=newest.timestamp
    )


def _store(
    class_checks: ClassChecks,
    run_id: str,
    keys: Mapping[str, dg.AssetCheckKey],
    kept: Mapping[tuple[str, str], Outcome],
) -> None:
    now = timestamp_now()
    rows = [
        {
            "asset": keys[name].asset_key.to_user_string(),
            "check_name": name,
            "class_name": class_name,
            "passed": outcome.passed,
            "severity": outcome.severity,
            "description": outcome.description,
            "facts": json.dumps(dict(outcome.facts), default=str),
            "run_id": run_id,
            "evaluated_at": now,
        }
        for (class_name, name), outcome in kept.items()
    ]
    class_checks.store.write(Upsert(CHECK_RESULTS, CHECK_RESULTS.from_rows(rows)))
