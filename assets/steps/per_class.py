"""How a step materializes the classes of its run one by one, and reports the ones that failed.

A class that fails does not stop the others. How partitions are gone through and reported belongs
here; what is computed for a class does not (`insight_dagster.pipeline`).
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from insight_dagster.assets.steps.checks import AssetChecks, record_asset_checks
from insight_dagster.database import Database
from insight_dagster.database.writes import Deletion, Upsert
from insight_dagster.errors import DatabaseError, DatabaseUnavailableError
from insight_dagster.resources.names import asset_name
from insight_dagster.tables import STEP_FAILURES
from insight_dagster.tables.clock import timestamp_now

Metadata = dict[str, Any]
"""Metadata of a materialization, as the Dagster UI shows it."""

Outcomes = Mapping[dg.AssetKey, Metadata | Exception]
"""The outcome of one class by asset: the metadata, or the exception that it failed with."""


def for_each_class(
    context: dg.AssetExecutionContext,
    store: Database,
    materialize: Callable[[str], Metadata],
    *,
    checks: AssetChecks | None = None,
) -> dg.MaterializeResult:
    """Materialize an asset for every class of the run, each with its own metadata.

    A class that fails is logged, written to `step_failures`, and does not stop the others: their
    materializations and check results are recorded before the step fails. A database that cannot be
    used ends the step at once.

    Args:
        context: of the asset.
        store: the database.
        materialize: computes and writes one class; returns the metadata to show.
        checks: the asset's checks, if it has any.

    Raises:
        DatabaseUnavailableError: another program holds the database, or it is damaged.
        dagster.Failure: a class failed, in a run of several classes.
        Exception: what the class failed with, in a run of one class.
    """
    asset = context.asset_key
    (result,) = for_each_class_and_asset(
        context,
        store,
        lambda class_name: {asset: materialize(class_name)},
        checks={asset_name(asset): checks} if checks else {},
    )
    return result


def for_each_class_and_asset(
    context: dg.AssetExecutionContext,
    store: Database,
    materialize: Callable[[str], Outcomes],
    *,
    checks: Mapping[str, AssetChecks],
) -> list[dg.MaterializeResult]:
    """Materialize several assets for every class of the run, like `for_each_class` does for one.

    Args:
        context: of the step.
        store: the database.
        materialize: computes and writes the step's assets for one class; if it raises, all of them
            failed.
        checks: the checks of those assets that have any, by the asset's name.

    Raises:
        dagster.Failure: a class failed, in a run of several classes.
        Exception: what the class failed with, in a run of one class.
    """
    assets = sorted(context.selected_asset_keys)
    results = {asset: _AssetResult(failed_before=_failed(store, asset)) for asset in assets}
    for class_name in context.partition_keys:
        try:
            outcomes = _outcomes(context, materialize, class_name, assets)
        except DatabaseUnavailableError:
            for asset, result in results.items():
                _record_done(context, asset, result, None)
            raise
        for asset, outcome in outcomes.items():
            results[asset].add(class_name, outcome)
    for asset, result in results.items():
        _update_failures(context, store, asset, result)
    if any(result.failed for result in results.values()):
        for asset, result in results.items():
            _record_done(context, asset, result, checks.get(asset_name(asset)))
        raise _failure(context.partition_keys, results.values())
    for asset, result in results.items():
        for class_name, metadata in result.done.items():
            context.add_asset_metadata(metadata, asset_key=asset, partition_key=class_name)
    return [dg.MaterializeResult(asset_key=asset) for asset in assets]


@dataclass
class _AssetResult:
    """What became of one asset.

    Attributes:
        failed_before: classes whose last materialization before this run failed.
        done: metadata of the classes that were materialized.
        failed: exceptions of the classes that failed.
    """

    failed_before: set[str]
    done: dict[str, Metadata] = field(default_factory=dict)
    failed: dict[str, Exception] = field(default_factory=dict)

    def add(self, class_name: str, outcome: Metadata | Exception) -> None:
        """Add the outcome of a class."""
        if isinstance(outcome, Exception):
            self.failed[class_name] = outcome
        else:
            self.done[class_name] = outcome


def _outcomes(
    context: dg.AssetExecutionContext,
    materialize: Callable[[str], Outcomes],
    class_name: str,
    assets: Sequence[dg.AssetKey],
) -> Outcomes:
    """Materialize one class; return the outcome of every asset, and log those that failed."""
    try:
        outcomes = materialize(class_name)
    except DatabaseUnavailableError:
        raise
    except Exception as problem:
        outcomes = dict.fromkeys(assets, problem)
    for asset, outcome in outcomes.items():
        if isinstance(outcome, Exception):
            text = f"{asset_name(asset)} of {class_name!r} failed: {outcome}"
            context.log.error(text, exc_info=outcome)
    return outcomes


def _failure(class_names: Sequence[str], results: Collection[_AssetResult]) -> Exception:
    """Return the exception that the step ends with: that of the only class, or a summary."""
    problems = {
        name: [result.failed[name] for result in results if name in result.failed]
        for name in class_names
        if any(name in result.failed for result in results)
    }
    if len(class_names) == 1:
        return problems[class_names[0]][0]
    texts = [
        f"{name}: {' and '.join(dict.fromkeys(map(str, found)))}"
        for name, found in problems.items()
    ]
    return dg.Failure(
        f"{len(problems)} of {len(class_names)} classes failed: " + "; ".join(texts),
        allow_retries=False,
    )


def _record_done(
    context: dg.AssetExecutionContext,
    asset: dg.AssetKey,
    result: _AssetResult,
    checks: AssetChecks | None,
) -> None:
    """Record the classes that were materialized by a step that is about to fail."""
    for class_name, metadata in result.done.items():
        context.log_event(dg.AssetMaterialization(asset, partition=class_name, metadata=metadata))
    if checks is not None:
        record_asset_checks(context, asset, checks, list(result.done))


def _failed(store: Database, asset: dg.AssetKey) -> set[str]:
    """Return the classes whose last materialization of an asset failed."""
    sql = "SELECT class_name FROM step_failures WHERE asset = ?"
    return set(store.read(sql, [asset_name(asset)])["class_name"].to_pylist())


def _update_failures(
    context: dg.AssetExecutionContext, store: Database, asset: dg.AssetKey, result: _AssetResult
) -> None:
    """Write the classes that failed to `step_failures`, and delete those that succeeded again.

    `insight status` shows the table, and the fit of the latent space leaves its classes out.
    """
    name, now = asset_name(asset), timestamp_now()
    rows = [
        {
            "asset": name,
            "class_name": class_name,
            "reason": str(problem) or type(problem).__name__,
            "run_id": context.run.run_id,
            "failed_at": now,
        }
        for class_name, problem in result.failed.items()
    ]
    recovered = result.failed_before & set(result.done)
    deletions = [
        Deletion(STEP_FAILURES, {"asset": name, "class_name": class_name})
        for class_name in recovered
    ]
    if not rows and not deletions:
        return
    try:
        store.write(*deletions, Upsert(STEP_FAILURES, STEP_FAILURES.from_rows(rows)))
    except DatabaseError as problem:  # may be the same problem that made the classes fail
        context.log.warning(f"the failures could not be written to the database: {problem}")
