"""One run over several classes: each on its own, none stopped by the failure of another.

How a materialization of many partitions is divided and reported belongs here; what is computed for
a class does not.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import dagster as dg

from insight_dagster.assets.steps.checks import OwnChecks, record_checks
from insight_dagster.database import Database
from insight_dagster.database.writes import Deletion, Upsert
from insight_dagster.errors import DatabaseError
from insight_dagster.tables import STEP_FAILURES
from insight_dagster.tables.clock import timestamp_now

Metadata = dict[str, Any]
Outcomes = Mapping[dg.AssetKey, Metadata | Exception]
"""What became of a class: by asset the metadata to show, or what it failed with."""


def for_each_class(
    context: dg.AssetExecutionContext,
    store: Database,
    materialize: Callable[[str], Metadata],
    *,
    checks: OwnChecks | None = None,
) -> dg.MaterializeResult:
    """Materialize every class of the run and give each its own metadata.

    A class that fails is reported, kept in `step_failures`, and does not stop the others: their
    materializations and check results are recorded before the step ends as failed.

    Args:
        context: of the asset.
        store: the database.
        materialize: computes and writes one class; returns the metadata to show.
        checks: of the asset.

    Raises:
        dagster.Failure: a class failed, where the run has several.
        Exception: what the only class of the run failed with.
    """
    asset = context.asset_key
    (result,) = for_each_class_and_asset(
        context,
        store,
        lambda class_name: {asset: materialize(class_name)},
        checks={asset: checks} if checks else {},
    )
    return result


def for_each_class_and_asset(
    context: dg.AssetExecutionContext,
    store: Database,
    materialize: Callable[[str], Outcomes],
    *,
    checks: Mapping[dg.AssetKey, OwnChecks],
) -> list[dg.MaterializeResult]:
    """As `for_each_class`, of a step that materializes several assets of each class.

    Args:
        context: of the step.
        store: the database.
        materialize: computes and writes the step's assets for one class; what it raises is what
            all of them failed with.
        checks: of the assets that have some.
    """
    assets = sorted(context.selected_asset_keys)
    failed_before = {asset: _failed(store, asset.to_user_string()) for asset in assets}
    found = {name: _outcomes(context, materialize, name, assets) for name in context.partition_keys}
    done: dict[dg.AssetKey, dict[str, Metadata]] = {asset: {} for asset in assets}
    failures: dict[dg.AssetKey, dict[str, Exception]] = {asset: {} for asset in assets}
    for name, outcomes in found.items():
        for asset, outcome in outcomes.items():
            if isinstance(outcome, Exception):
                failures[asset][name] = outcome
            else:
                done[asset][name] = outcome
    for asset in assets:
        recovered = failed_before[asset] & set(done[asset])
        _remember(context, store, asset.to_user_string(), failures[asset], recovered)
    if any(failures.values()):
        for asset in assets:
            _record(context, asset, done[asset], checks.get(asset))
        raise _failure(context, failures)
    for asset in assets:
        for name, metadata in done[asset].items():
            context.add_asset_metadata(metadata, asset_key=asset, partition_key=name)
    return [dg.MaterializeResult(asset_key=asset) for asset in assets]


def _outcomes(
    context: dg.AssetExecutionContext,
    materialize: Callable[[str], Outcomes],
    name: str,
    assets: Sequence[dg.AssetKey],
) -> Outcomes:
    try:
        outcomes = materialize(name)
    except Exception as problem:
        outcomes = dict.fromkeys(assets, problem)
    for asset, outcome in outcomes.items():
        if isinstance(outcome, Exception):
            text = f"{asset.to_user_string()} of {name!r} failed: {outcome}"
            context.log.error(text, exc_info=outcome)
    return outcomes


def _failure(
    context: dg.AssetExecutionContext, failures: Mapping[dg.AssetKey, Mapping[str, Exception]]
) -> Exception:
    """What the step ends with."""
    names = list(context.partition_keys)
    problems: dict[str, list[Exception]] = {}
    for name in names:
        found = [of_classes[name] for of_classes in failures.values() if name in of_classes]
        if found:
            problems[name] = found
    if len(names) == 1:
        return problems[names[0]][0]
    return dg.Failure(
        f"{len(problems)} of {len(names)} classes failed: "
        + "; ".join(
            f"{name}: {' and '.join(dict.fromkeys(map(str, found)))}"
            for name, found in problems.items()
        ),
        allow_retries=False,
    )


def _record(
    context: dg.AssetExecutionContext,
    asset: dg.AssetKey,
    done: Mapping[str, Metadata],
    checks: OwnChecks | None,
) -> None:
    """Record what was done in a step that will end as failed."""
    for name, metadata in done.items():
        context.log_event(dg.AssetMaterialization(asset, partition=name, metadata=metadata))
    if checks is not None:
        record_checks(context, asset, checks, list(done))


def _failed(store: Database, asset: str) -> set[str]:
    sql = "SELECT class_name FROM step_failures WHERE asset = ?"
    return set(store.read(sql, [asset])["class_name"].to_pylist())


def _remember(
    context: dg.AssetExecutionContext,
    store: Database,
    asset: str,
    failures: Mapping[str, Exception],
    recovered: set[str],
) -> None:
    """Keep the failures where `insight status` and the shared fit look for them."""
    now = timestamp_now()
    rows = [
        {
            "asset": asset,
            "class_name": name,
            "reason": str(problem) or type(problem).__name__,
            "run_id": context.run_id,
            "failed_at": now,
        }
        for name, problem in failures.items()
    ]
    gone = [Deletion(STEP_FAILURES, {"asset": asset, "class_name": name}) for name in recovered]
    if not rows and not gone:
        return
    try:
        store.write(*gone, Upsert(STEP_FAILURES, STEP_FAILURES.from_rows(rows)))
    except DatabaseError as problem:  # the failure itself may be the database's
        context.log.warning(f"the failure could not be kept in the database: {problem}")
