"""Everything of Dagster that is not its public interface: any release may move or change it.

No other module imports `dagster._...` or spells a tag that Dagster gives its own meaning.
tests/orchestration/test_dagster_internals.py says what each name is needed for, and fails when a
release no longer has it. One exception: `stored_partitions` names tables and columns of Dagster's
SQLite files, because it must not import Dagster; tests/orchestration/test_stored_partitions.py
compares it with Dagster.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
from dagster import DagsterInstance, DagsterRun
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData as CheckedMaterialization,
)
from dagster._core.definitions.unresolved_asset_job_definition import (
    UnresolvedAssetJobDefinition as AssetJob,
)
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.utils import make_new_run_id
from dagster._utils.error import SerializableErrorInfo
from dagster_shared.record import replace

from insight_dagster.resources.names import Names

if TYPE_CHECKING:
    from starlette.applications import Starlette

__all__ = [
    "AssetJob",
    "CheckRunHealthResult",
    "CheckedMaterialization",
    "SerializableErrorInfo",
    "WorkerStatus",
    "make_new_run_id",
]

DAEMON_MODULE = "dagster._daemon"
"""What the program `dagster-daemon` runs, whose folder need not be that of the interpreter."""

PARTITION_TAG = "dagster/partition"
RANGE_START_TAG = "dagster/asset_partition_range_start"
RANGE_END_TAG = "dagster/asset_partition_range_end"
RETRY_STRATEGY_TAG = "dagster/retry_strategy"
WILL_RETRY_TAG = "dagster/will_retry"
RETRY_RUN_ID_TAG = "dagster/auto_retry_run_id"


def placed_under(
    asset: dg.AssetsDefinition, names: Names, assets: Iterable[str]
) -> dg.AssetsDefinition:
    """Return assets or checks with the keys and partitions of a home in place of their own.

    Args:
        asset: a definition whose keys are names of assets.
        names: of the home in the Dagster instance.
        assets: names of all assets, which dependencies may name.
    """
    replaced = asset.with_attributes(
        asset_key_replacements={dg.AssetKey(name): names.key(name) for name in assets}
    )
    attributes = replaced.get_attributes_dict()
    specs = [
        spec.replace_attributes(partitions_def=names.classes) if spec.partitions_def else spec
        for spec in attributes["specs"]
    ]
    checks = {
        output: replace(spec, partitions_def=names.classes) if spec.partitions_def else spec
        for output, spec in attributes["check_specs_by_output_name"].items()
    }
    placed = dg.AssetsDefinition.dagster_internal_init(
        **{**attributes, "specs": specs, "check_specs_by_output_name": checks}
    )
    return placed.coerce_to_checks_def() if placed.has_check_keys else placed


def cancel_run(instance: DagsterInstance, run_id: str, reason: str) -> None:
    """Mark a run that is there and has not ended as canceled, and free its slots in pools."""
    run = instance.get_run_by_id(run_id)
    if run is None or run.is_finished:
        return
    instance.report_run_canceled(run, reason)
    instance.event_log_storage.free_concurrency_slots_for_run(run_id)


def delete_run(instance: DagsterInstance, run_id: str) -> None:
    """Delete a run, its events and its logs, files included.

    Dagster empties the file of a run's events, and neither shrinks nor deletes it.
    """
    instance.delete_run(run_id)
    instance.compute_log_manager.delete_logs(prefix=[run_id])
    if isinstance(instance.event_log_storage, SqliteEventLogStorage):
        path = Path(instance.event_log_storage.path_for_shard(run_id))
        for ending in ("", "-wal", "-shm", "-journal"):
            path.with_name(path.name + ending).unlink(missing_ok=True)


def fail_run(instance: DagsterInstance, run: DagsterRun, reason: str) -> None:
    """Mark a run as failed and free the slots that it holds in concurrency pools."""
    instance.report_run_failed(run, reason)
    instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)


@contextmanager
def webserver_app(workspace: Sequence[str], path_prefix: str = "") -> Iterator[Starlette]:
    """Make the application that `dagster-webserver` serves, on the instance of DAGSTER_HOME.

    Args:
        workspace: workspace files, which name the code locations.
        path_prefix: path under which it is served, e.g. `/dagster`.
    """
    from dagster._core.workspace.context import WorkspaceProcessContext
    from dagster._core.workspace.load_target import WorkspaceFileTarget
    from dagster_webserver import __version__
    from dagster_webserver.app import create_app_from_workspace_process_context

    with DagsterInstance.get() as instance:
        # The values of the command `dagster-webserver`.
        instance.optimize_for_webserver(
            statement_timeout=15_000, pool_recycle=3600, max_overflow=20
        )
        target = WorkspaceFileTarget(paths=list(workspace))
        with WorkspaceProcessContext(instance, target, version=__version__) as context:
            yield create_app_from_workspace_process_context(context, path_prefix, 2000)
