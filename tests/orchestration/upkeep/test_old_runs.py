"""Old runs are deleted with their files, except those that something still needs."""

from pathlib import Path

import dagster as dg
import pytest

from insight_dagster.orchestration.dagster_internals import make_new_run_id
from insight_dagster.orchestration.stages import EXTRACT, REFIT, REPORT
from insight_dagster.orchestration.upkeep.old_runs import delete_old_runs
from insight_dagster.resources.names import Names

PARTITIONS = dg.StaticPartitionsDefinition(["a", "b"])


@dg.asset(partitions_def=PARTITIONS)
def embeddings() -> None:
    """Return nothing."""


@dg.asset
def latent_space() -> None:
    """Return nothing."""


@dg.op
def write() -> None:
    """Do nothing."""


@dg.job(name=REPORT.job)
def report() -> None:
    """End an analysis."""
    write()


DEFINITIONS = dg.Definitions(
    assets=[embeddings, latent_space],
    jobs=[
        dg.define_asset_job(EXTRACT.job, [embeddings], partitions_def=PARTITIONS),
        dg.define_asset_job(REFIT.job, [latent_space]),
    ],
)
MEASURE, FIT = (DEFINITIONS.resolve_job_def(stage.job) for stage in (EXTRACT, REFIT))


@pytest.fixture
def instance():
    with dg.instance_for_test() as made:
        yield made


def analyse(instance, *partitions) -> dict[str, str]:
    """Run an analysis of some partitions and return its runs by what they did."""
    runs = {
        name: MEASURE.execute_in_process(partition_key=name, instance=instance).run_id
        for name in partitions
    }
    runs["space"] = FIT.execute_in_process(instance=instance).run_id
    runs["report"] = report.execute_in_process(instance=instance).run_id
    return runs


def files_of(instance, run_id) -> list[Path]:
    shard = Path(instance.event_log_storage.path_for_shard(run_id))
    return sorted(shard.parent.glob(f"{shard.name}*"))


def test_the_runs_of_old_analyses_go_with_their_files(instance):
    first, second, third = (analyse(instance, "a", "b") for _ in range(3))
    assert delete_old_runs(instance, Names(), keep_analyses=3) == 0
    assert files_of(instance, first["a"])
    assert delete_old_runs(instance, Names(), keep_analyses=2) == len("ab") + 1
    kept = {first.pop("report"), *second.values(), *third.values()}
    assert {run.run_id for run in instance.get_runs()} == kept
    assert not any(files_of(instance, run_id) for run_id in first.values())
    assert all(files_of(instance, run_id) for run_id in kept)


def test_the_newest_result_of_a_class_keeps_its_run(instance):
    first = analyse(instance, "a", "b")
    for _ in range(3):
        analyse(instance, "a")
    delete_old_runs(instance, Names(), keep_analyses=1)
    left = {run.run_id for run in instance.get_runs()}
    assert first["b"] in left
    assert first["a"] not in left
    assert instance.get_latest_materialization_event(latent_space.key) is not None
    newest = instance.get_latest_storage_id_by_partition(
        embeddings.key, dg.DagsterEventType.ASSET_MATERIALIZATION
    )
    assert set(newest) == {"a", "b"}


def test_a_run_that_has_not_ended_is_kept(instance):
    waiting = instance.create_run_for_job(report)
    for _ in range(3):
        analyse(instance)
    delete_old_runs(instance, Names(), keep_analyses=1)
    assert instance.get_run_by_id(waiting.run_id) is not None


def test_runs_of_others_in_the_instance_are_kept(instance):
    @dg.asset
    def foreign() -> None:
        """Return nothing."""

    theirs = dg.materialize([foreign], instance=instance).run_id
    other = report.execute_in_process(instance=instance, tags=Names(("b",)).run_tags).run_id
    for _ in range(3):
        analyse(instance)
    delete_old_runs(instance, Names(), keep_analyses=1)
    assert {theirs, other} <= {run.run_id for run in instance.get_runs()}


def test_runs_that_no_job_of_today_launched_are_deleted_too(instance):
    """Those from the UI, and by the former name of a job: in a home with a prefix, too."""
    names = Names(("north",))

    def add(job, **attributes):
        run = dg.DagsterRun(job_name=job, run_id=make_new_run_id(), **attributes)
        instance.add_run(run)
        instance.report_run_failed(run)
        return run.run_id

    from_ui = add("__ASSET_JOB", asset_selection=frozenset({names.key("latent_space")}))
    by_former_name = add("measure_classes", tags=names.run_tags)
    reports = {add(REPORT.job, tags=names.run_tags) for _ in range(2)}
    assert delete_old_runs(instance, Names(), keep_analyses=1) == 0
    assert {run.run_id for run in instance.get_runs()} == {from_ui, by_former_name, *reports}
    assert delete_old_runs(instance, names, keep_analyses=1) == 2
    assert {run.run_id for run in instance.get_runs()} == reports
