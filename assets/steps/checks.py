"""How assets declare their checks, and how a step evaluates and records them for each class.

One step evaluates all checks of an asset, so that a run starts one process for them. Dagster would
record one result for all partitions of a run; here every class gets its own, in Dagster and in the
table `check_results`. What the checks of a class read is in
`insight_dagster.pipeline.class_checks`, what a check decides in `insight_dagster.analysis.checks`.

An asset with checks needs three lines of this module: `class_check_specs` declares the checks,
`evaluate_class_checks` is the body of the check step, and an `AssetChecks` goes to
`per_class.for_each_class`. Checks of all classes together use `overall_check_specs` and
`report_overall_checks`.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import dagster as dg
from dagster import AssetCheckEvaluation, AssetCheckSeverity

from insight_dagster.analysis.checks import ERROR, Outcome, not_evaluated
from insight_dagster.assets.steps.facts import class_facts, shared_facts
from insight_dagster.database.writes import Upsert
from insight_dagster.errors import DatabaseUnavailableError
from insight_dagster.orchestration.dagster_internals import (
    PARTITION_TAG,
    RANGE_START_TAG,
    CheckedMaterialization,
)
from insight_dagster.pipeline.class_checks import ClassChecks, Outcomes
from insight_dagster.resources.class_checks import ClassChecksResource
from insight_dagster.resources.names import asset_name
from insight_dagster.resources.partitions import ACTION_CLASSES
from insight_dagster.tables import CHECK_RESULTS
from insight_dagster.tables.clock import timestamp_now
from insight_dagster.tables.operations import ALL_CLASSES

EvaluateClass = Callable[[ClassChecks, str], Outcomes]
"""Returns the outcomes of one class: a method of `ClassChecks`."""

CheckEvents = Iterator[AssetCheckEvaluation | dg.Output]
"""What a check step yields."""


def class_check_specs(
    asset: dg.AssetsDefinition | dg.AssetSpec, *, blocking: bool = False, **descriptions: str
) -> list[dg.AssetCheckSpec]:
    """Return the specs of checks that have one result per class.

    Args:
        asset: the asset that is checked.
        blocking: whether a failure stops the assets downstream in the same run. Blocking checks
            need a step of their own, because assets downstream wait for the whole step.
        descriptions: what is checked, by the name of the check; the outcome has words of its own.
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


def overall_check_specs(asset: dg.AssetsDefinition, **descriptions: str) -> list[dg.AssetCheckSpec]:
    """Return the specs of checks that have one result for all classes together.

    Args:
        asset: the asset that is checked.
        descriptions: what is checked, by the name of the check; the outcome has words of its own.
    """
    return [
        dg.AssetCheckSpec(name, asset=asset.key, description=description)
        for name, description in descriptions.items()
    ]


def evaluate_class_checks(
    context: dg.AssetCheckExecutionContext,
    class_checks: ClassChecks,
    evaluate: EvaluateClass,
) -> CheckEvents:
    """Evaluate the step's checks for every class of the run, and record the results.

    Args:
        context: of the check step.
        class_checks: the checks, of the current state.
        evaluate: returns the outcomes of one class.

    Yields:
        One evaluation per check and class, then one output per check.

    Raises:
        dagster.Failure: a check of severity ERROR failed; the run fails with it.
    """
    names = [key.name for key in context.selected_asset_check_keys]
    outcomes = {
        class_name: _evaluate(context, class_checks, evaluate, class_name, names)
        for class_name in classes_of_run(context)
    }
    yield from _report(context, class_checks, outcomes)


def report_overall_checks(
    context: dg.AssetCheckExecutionContext,
    class_checks: ClassChecks,
    outcomes: Outcomes,
) -> CheckEvents:
    """Record the results of checks of all classes together.

    Args:
        context: of the check step.
        class_checks: the checks, of the current state.
        outcomes: outcomes by the name of the check.

    Yields:
        One evaluation and one output per check.

    Raises:
        dagster.Failure: a check of severity ERROR failed; the run fails with it.
    """
    yield from _report(context, class_checks, {ALL_CLASSES: outcomes})


@dataclass(frozen=True)
class AssetChecks:
    """The checks of an asset, for the step that materializes it.

    Attributes:
        resource: opens the class checks.
        evaluate: returns the outcomes of one class.
    """

    resource: ClassChecksResource
    evaluate: EvaluateClass


def record_asset_checks(
    context: dg.AssetExecutionContext,
    asset: dg.AssetKey,
    checks: AssetChecks,
    class_names: Sequence[str],
) -> None:
    """Evaluate and record an asset's checks inside the step that materializes it.

    Only for a step that will fail because of some classes: Dagster then skips the check step, and
    the other classes would have no results for what was just written.

    Args:
        context: of the asset.
        asset: key of the asset.
        checks: the checks of the asset.
        class_names: the classes that were materialized.
    """
    class_checks = checks.resource.open()
    for class_name in class_names:
        outcomes = _evaluate(context, class_checks, checks.evaluate, class_name, ())
        keys = [dg.AssetCheckKey(asset, name) for name in outcomes]
        results = _results(class_checks, keys, {class_name: outcomes})
        _store(class_checks, context.run.run_id, results)
        for result in results:
            context.log_event(_evaluation(context.instance, result))


def classes_of_run(context: dg.AssetCheckExecutionContext) -> Sequence[str]:
    """Return the classes of the run; every class if the run has no partition."""
    tags = context.run.tags
    if tags.get(PARTITION_TAG) or tags.get(RANGE_START_TAG):
        return list(context.partition_keys)
    classes = next(spec.partitions_def for spec in context.check_specs if spec.partitions_def)
    return classes.get_partition_keys(dynamic_partitions_store=context.instance)


@dataclass(frozen=True)
class _Result:
    """The outcome of one check for one class."""

    key: dg.AssetCheckKey
    class_name: str
    outcome: Outcome

    @property
    def is_error(self) -> bool:
        """Whether the check failed with severity ERROR."""
        return not self.outcome.passed and self.outcome.severity == ERROR

    def __str__(self) -> str:
        of_class = f" of {self.class_name!r}" if self.class_name else ""
        return f"{self.key.name}{of_class}: {self.outcome.description}"


def _evaluate(
    context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext,
    class_checks: ClassChecks,
    evaluate: EvaluateClass,
    class_name: str,
    names: Iterable[str],
) -> Outcomes:
    """Return the outcomes of a class; if that fails, the failure for each of the checks named."""
    try:
        return evaluate(class_checks, class_name)
    except DatabaseUnavailableError:
        raise
    except Exception as problem:
        context.log.exception(f"the checks of {class_name!r} could not be evaluated: {problem}")
        return dict.fromkeys(names, not_evaluated(problem))


def _report(
    context: dg.AssetCheckExecutionContext,
    class_checks: ClassChecks,
    outcomes: Mapping[str, Outcomes],
) -> CheckEvents:
    """Record the outcomes of the selected checks, by class; fail if one of them is an error."""
    keys = list(context.selected_asset_check_keys)
    results = _results(class_checks, keys, outcomes)
    _store(class_checks, context.run.run_id, results)
    for result in results:
        yield _evaluation(context.instance, result)
    for key in keys:
        # The step's outputs are called by the name that the asset was declared with.
        yield dg.Output(None, output_name=f"{asset_name(key.asset_key)}_{key.name}")
    errors = [str(result) for result in results if result.is_error]
    if errors:
        raise dg.Failure(
            f"{len(errors)} of {len(results)} checks failed: " + "; ".join(errors),
            allow_retries=False,
        )


def _results(
    class_checks: ClassChecks,
    keys: Sequence[dg.AssetCheckKey],
    outcomes: Mapping[str, Outcomes],
) -> list[_Result]:
    """Return the results of these checks for every class, with the severities of the settings."""
    key_by_name = {key.name: key for key in keys}
    severities = class_checks.thresholds.severities
    return [
        _Result(key_by_name[name], class_name, outcome.with_severity(severities.get(name)))
        for class_name, of_class in outcomes.items()
        for name, outcome in of_class.items()
        if name in key_by_name
    ]


def _evaluation(instance: dg.DagsterInstance, result: _Result) -> AssetCheckEvaluation:
    """Return the event that Dagster stores for a result."""
    key, outcome = result.key, result.outcome
    return AssetCheckEvaluation(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=outcome.passed,
        metadata=class_facts(outcome.facts) if result.class_name else shared_facts(outcome.facts),
        target_materialization_data=_target(instance, key.asset_key, result.class_name),
        severity=AssetCheckSeverity(outcome.severity),
        description=outcome.description,
        partition=result.class_name or None,
    )


def _target(
    instance: dg.DagsterInstance, asset: dg.AssetKey, class_name: str
) -> CheckedMaterialization | None:
    """Return the materialization that was checked, the newest one; None if there is none."""
    partitions = [class_name] if class_name else None
    records = instance.fetch_materializations(
        dg.AssetRecordsFilter(asset, asset_partitions=partitions), limit=1
    ).records
    if not records:
        return None
    newest = records[0]
    return CheckedMaterialization(
        storage_id=newest.storage_id, run_id=newest.run_id, timestamp=newest.timestamp
    )


def _store(class_checks: ClassChecks, run_id: str, results: Sequence[_Result]) -> None:
    """Write results to the table `check_results`."""
    now = timestamp_now()
    rows = [
        {
            "asset": asset_name(result.key.asset_key),
            "check_name": result.key.name,
            "class_name": result.class_name,
            "passed": result.outcome.passed,
            "severity": result.outcome.severity,
            "description": result.outcome.description,
            "facts": json.dumps(dict(result.outcome.facts), default=str),
            "run_id": run_id,
            "evaluated_at": now,
        }
        for result in results
    ]
    class_checks.store.write(Upsert(CHECK_RESULTS, CHECK_RESULTS.from_rows(rows)))
