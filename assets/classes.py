"""One run over several classes: each on its own, none stopped by the failure of another.

How a materialization of many partitions is divided and reported belongs here; what is computed for
a class does not.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from assets.check_steps import OwnChecks, record_checks
from insight_dagster.database import Database
from insight_dagster.errors import DatabaseError
from insight_dagster.tables import STEP_FAILURES
from insight_dagster.writes import Deletion, Upsert

Metadata = dict[str, Any]


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
    asset, names = context.asset_key.to_user_string(), list(context.partition_keys)
    failed_before = _failed(store, asset)
    done: dict[str, Metadata] = {}
    failures: dict[str, Exception] = {}
    for name in names:
        try:
            done[name] = materialize(name)
        except Exception as problem:
            context.log.exception(f"{asset} of {name!r} failed: {problem}")
            failures[name] = problem
    _remember(context, store, asset, failures, set(done) & failed_before)
    if not failures:
        for name, metadata in done.items():
            context.add_asset_metadata(metadata, partition_key=name)
        return dg.MaterializeResult()
    for event in _materializations(context.asset_key, done):
        context.log_event(event)
    if checks is not None:
        record_checks(context, checks, list(done))
    if len(names) == 1:
        raise failures[names[0]]
    raise dg.Failure(
        f"{len(failures)} of {len(names)} classes failed: "
        + "; ".join(f"{name}: {problem}" for name, problem in failures.items()),
        allow_retries=False,
    )


def _materializations(
    asset: dg.AssetKey, done: dict[str, Metadata]
) -> Iterator[dg.AssetMaterialization]:
    for name, metadata in done.items():
        yield dg.AssetMaterialization(asset, partition=name, metadata=metadata)


def _failed(store: Database, asset: str) -> set[str]:
    sql = "SELECT class_name FROM step_failures WHERE asset = ?"
    return set(store.read(sql, [asset])["class_name"].to_pylist())


def _remember(
    context: dg.AssetExecutionContext,
    store: Database,
    asset: str,
    failures: dict[str, Exception],
    recovered: set[str],
) -> None:
    """Keep the failures where `insight status` and the shared fit look for them."""
    now = datetime.now(UTC).replace(tzinfo=None)
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
