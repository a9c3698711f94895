"""Two homes in one instance: each sees its own classes, results, checks, alerts and runs."""

import dagster as dg
import pytest

from insight_dagster.database import Database
from insight_dagster.definitions import build_definitions
from insight_dagster.demo.library.fault_shares import FaultShares
from insight_dagster.demo.library.make_library import make_library
from insight_dagster.orchestration.alerts.sensors import alert_of
from insight_dagster.orchestration.dagster_internals import make_new_run_id
from insight_dagster.orchestration.run_stages import run_stages
from insight_dagster.orchestration.stage_launchers import InProcessLauncher
from insight_dagster.orchestration.stages import REFIT, REPORT, STAGES
from insight_dagster.orchestration.upkeep.home_runs import ASSETS, is_ours
from insight_dagster.orchestration.upkeep.old_runs import delete_old_runs
from insight_dagster.resources.names import Names
from insight_dagster.settings import load_settings
from insight_dagster.tables import CHECK_RESULTS, CLIP_MANIFEST

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
CLASSES = {
    "north": ("snowboarding", "disc golfing"),
    "north_south": ("snowboarding", "rock climbing"),
}
PER_CLASS = {name for stage in STAGES if stage.per_class for name in stage.asset_names}


@pytest.fixture(scope="module")
def instance():
    with dg.instance_for_test() as made:
        yield made


@pytest.fixture(scope="module")
def homes(tmp_path_factory, instance):
    """The settings of two homes that were analysed in one instance, by key prefix."""
    folder, found = tmp_path_factory.mktemp("homes"), {}
    for seed, (prefix, classes) in enumerate(CLASSES.items()):
        make_library(
            folder / prefix / "library",
            seed=seed,
            clips_per_class=8,
            classes=classes,
            faults=FaultShares.none(),
        )
        settings = load_settings(
            home=folder / prefix, key_prefix=prefix, min_cluster_size=4, heatmaps_per_insight=1
        )
        instance.add_dynamic_partitions(settings.class_partitions, list(classes))
        launcher = InProcessLauncher(build_definitions(settings), instance)
        assert not run_stages(STAGES, classes, launcher).work_failures
        found[prefix] = settings
    return found


@pytest.mark.parametrize("prefix", CLASSES)
def test_each_materialized_its_own_classes_alone(prefix, homes, instance):
    names = Names.of(homes[prefix])
    assert set(instance.get_dynamic_partitions(names.partition_set)) == set(CLASSES[prefix])
    assert not instance.get_dynamic_partitions("action_class")
    for asset in PER_CLASS:
        partitions = instance.get_materialized_partitions(names.key(asset))
        assert partitions == set(CLASSES[prefix]), asset
    report = instance.get_latest_materialization_event(names.key("insight_report"))
    plotted = [key for key in report.asset_materialization.metadata if "accuracy of" in key]
    assert plotted == [f"accuracy of {name}" for name in sorted(CLASSES[prefix])]
    stored = Database(homes[prefix].folders.database).rows(CLIP_MANIFEST)
    assert set(stored["class_name"].to_pylist()) == set(CLASSES[prefix])


@pytest.mark.parametrize("prefix", CLASSES)
def test_each_has_the_checks_of_its_own_classes_alone(prefix, homes, instance):
    names = Names.of(homes[prefix])
    rows = Database(homes[prefix].folders.database).rows(CHECK_RESULTS).to_pylist()
    assert {row["class_name"] for row in rows} == {"", *CLASSES[prefix]}
    key = dg.AssetCheckKey(names.key("embeddings"), "embeddings_complete")
    records = instance.event_log_storage.get_asset_check_execution_history(key, limit=100)
    partitions = {record.partition for record in records}
    assert partitions == set(CLASSES[prefix])
    # Tables hold names of assets: the prefix belongs to the instance.
    assert {row["asset"] for row in rows} <= set(ASSETS)


def test_each_run_is_of_one_home_and_raises_the_alert_of_that_home(homes, instance):
    runs = instance.get_runs()
    owners = {
        run.run_id: [key for key, each in homes.items() if is_ours(run, Names.of(each))]
        for run in runs
    }
    assert all(len(each) == 1 for each in owners.values())
    assert {owner for (owner,) in owners.values()} == set(CLASSES)
    for run in runs:
        (owner,) = owners[run.run_id]
        alert = alert_of(instance, run, "it failed", homes[owner])
        assert alert.home == str(homes[owner].home)
        assert {check["class"] for check in alert.checks} <= {"", *CLASSES[owner]}
        assert {check["asset"] for check in alert.checks} <= set(ASSETS)


def test_the_runs_of_one_are_deleted_without_those_of_the_other(homes, instance):
    own, others = (Names.of(settings) for settings in homes.values())
    failed = {names: fail(instance, REFIT.job, names) for names in (own, others)}
    for _ in range(2):
        fail(instance, REPORT.job, own)
    assert delete_old_runs(instance, others, keep_analyses=1) == 0
    before = {run.run_id for run in instance.get_runs()}
    delete_old_runs(instance, own, keep_analyses=1)
    gone = before - {run.run_id for run in instance.get_runs()}
    assert failed[own] in gone and failed[others] not in gone
    left = [run for run in instance.get_runs() if is_ours(run, others)]
    assert {run.job_name for run in left} >= {stage.job for stage in STAGES}


def fail(instance, job, names):
    """Add a run of a home that failed, and return its id."""
    run = dg.DagsterRun(job_name=job, run_id=make_new_run_id(), tags=names.run_tags)
    instance.add_run(run)
    instance.report_run_failed(run)
    return run.run_id
