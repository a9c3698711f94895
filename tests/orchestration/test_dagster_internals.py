"""Names of Dagster's that are not public: what each is needed for, and that it is still there."""

import importlib
import importlib.util
import re
from pathlib import Path

import dagster as dg
import pytest

import insight_dagster
from insight_dagster.orchestration import dagster_internals as internals

NEEDED_FOR = {
    ("dagster._core.launcher", "CheckRunHealthResult"): "the run launcher's answer to the daemon",
    ("dagster._core.launcher", "WorkerStatus"): "the run launcher's answer to the daemon",
    (
        "dagster._core.definitions.asset_checks.asset_check_evaluation",
        "AssetCheckEvaluationTargetMaterializationData",
    ): "naming the materialization that a check evaluated, which steps do by themselves",
    (
        "dagster._core.definitions.unresolved_asset_job_definition",
        "UnresolvedAssetJobDefinition",
    ): "the type of a job over assets",
    (
        "dagster",
        "AssetsDefinition.with_attributes",
    ): "putting a prefix before asset keys",
    ("dagster", "AssetsDefinition.get_attributes_dict"): "giving checks a home's partitions",
    ("dagster", "AssetsDefinition.dagster_internal_init"): "giving checks a home's partitions",
    ("dagster", "AssetsDefinition.coerce_to_checks_def"): "giving checks a home's partitions",
    ("dagster_shared.record", "replace"): "giving checks a home's partitions",
    (
        "dagster._core.storage.event_log",
        "SqliteEventLogStorage.path_for_shard",
    ): "deleting the file of a deleted run's events",
    ("dagster", "DagsterInstance.delete_run"): "deleting old runs",
    ("dagster._core.storage.compute_log_manager", "ComputeLogManager.delete_logs"): (
        "deleting the logs of old runs"
    ),
    ("dagster._utils.error", "SerializableErrorInfo"): "the type of the error of a failed step",
    ("dagster", "DefaultRunLauncher.supports_check_run_worker_health"): "having runs monitored",
    ("dagster", "DefaultRunLauncher.check_run_worker_health"): "saying whether a run is alive",
    ("dagster", "DagsterInstance.report_run_failed"): "ending a run whose process is gone",
    ("dagster", "DagsterInstance.report_run_canceled"): "ending a run that a signal interrupted",
    ("dagster._core.utils", "make_new_run_id"): "knowing a run that a signal may interrupt",
    ("dagster", "DagsterInstance.all_logs"): "reading what a run recorded, also before it failed",
    ("dagster", "DagsterInstance.get_records_for_run"): "finding the process of a run",
    (
        "dagster._core.storage.event_log.base",
        "EventLogStorage.free_concurrency_slots_for_run",
    ): "freeing the pool slots of a run whose process is gone",
    ("dagster", "DagsterInstance.optimize_for_webserver"): "serving the UI behind the guard",
    (
        "dagster._core.workspace.context",
        "WorkspaceProcessContext",
    ): "serving the UI behind the guard",
    (
        "dagster._core.workspace.load_target",
        "WorkspaceFileTarget",
    ): "serving the UI behind the guard",
    (
        "dagster_webserver.app",
        "create_app_from_workspace_process_context",
    ): "serving the UI behind the guard",
}
TAGS = {
    "PARTITION_TAG": ("PARTITION_NAME_TAG", "the class of a run over one class"),
    "RANGE_START_TAG": ("ASSET_PARTITION_RANGE_START_TAG", "runs over a range of classes"),
    "RANGE_END_TAG": ("ASSET_PARTITION_RANGE_END_TAG", "runs over a range of classes"),
    "RETRY_STRATEGY_TAG": ("RETRY_STRATEGY_TAG", "repeating a night from its first step"),
    "WILL_RETRY_TAG": ("WILL_RETRY_TAG", "waiting for the run in place of one that died"),
    "RETRY_RUN_ID_TAG": ("AUTO_RETRY_RUN_ID_TAG", "waiting for the run in place of one that died"),
}
ROOT = Path(insight_dagster.__file__).parents[1]


@pytest.mark.parametrize(("module", "name"), NEEDED_FOR, ids=[name for _, name in NEEDED_FOR])
def test_dagster_still_has_the_name(module, name):
    found = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part, None)
        assert found is not None, (
            f"Dagster {dg.__version__} has no {module}.{name} any more. It is needed for "
            f"{NEEDED_FOR[module, name]}: change orchestration/dagster_internals.py"
        )


def test_the_daemon_can_be_run_without_its_script():
    assert importlib.util.find_spec(f"{internals.DAEMON_MODULE}.__main__")


@pytest.mark.parametrize("ours", TAGS)
def test_a_tag_means_to_dagster_what_it_means_here(ours):
    theirs, purpose = TAGS[ours]
    tags = importlib.import_module("dagster._core.storage.tags")
    assert getattr(internals, ours) == getattr(tags, theirs), f"needed for {purpose}"


def test_no_other_module_uses_what_is_not_public():
    private = re.compile(
        r"(from|import) dagster\._|[\"']dagster/(partition|asset_|retry|will|auto)"
    )
    offenders = {
        str(path.relative_to(ROOT))
        for folder in ("insight_dagster", "assets", "resources")
        for path in (ROOT / folder).rglob("*.py")
        if private.search(path.read_text(encoding="utf-8"))
    }
    assert offenders == {"insight_dagster/orchestration/dagster_internals.py"}


def test_every_exported_name_is_accounted_for():
    tested = {name.rsplit(".")[-1] for _, name in NEEDED_FOR}
    renamed = {"AssetJob", "CheckedMaterialization"}
    assert set(internals.__all__) - renamed <= tested
