"""What is read from Dagster's SQLite files is what Dagster says, with this release of Dagster."""

import shutil

import dagster as dg
import pytest
from dagster import DagsterRun, DagsterRunStatus

from insight_dagster.orchestration.stored_partitions import (
    may_have_unlaunched_runs,
    stored_partitions,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("instance")


@pytest.fixture(scope="module")
def instance(folder):
    with dg.DagsterInstance.local_temp(str(folder)) as made:
        yield made


def test_partitions_are_those_of_the_set_in_their_order(instance, folder):
    instance.add_dynamic_partitions("classes", ["yoga", "ski'ing", "滑雪"])
    instance.add_dynamic_partitions("other", ["a"])
    instance.delete_dynamic_partition("classes", "yoga")
    instance.add_dynamic_partitions("classes", ["yoga"])
    assert stored_partitions(folder, "classes") == ["ski'ing", "滑雪", "yoga"]
    assert stored_partitions(folder, "classes") == instance.get_dynamic_partitions("classes")
    assert stored_partitions(folder, "no such") == []


@pytest.mark.parametrize("status", [DagsterRunStatus.FAILURE, DagsterRunStatus.NOT_STARTED])
def test_a_run_that_never_began_is_noticed(instance, folder, status):
    for run in instance.get_runs():
        instance.delete_run(run.run_id)
    instance.add_run(DagsterRun(job_name="job", run_id="done", status=DagsterRunStatus.SUCCESS))
    assert not may_have_unlaunched_runs(folder)
    instance.add_run(DagsterRun(job_name="job", run_id="lost", status=status))
    assert may_have_unlaunched_runs(folder)


@pytest.mark.parametrize("storage", ["storage:\n  postgres: {}\n", "run_storage: {}\n"])
def test_another_storage_is_left_to_dagster(instance, folder, tmp_path, storage):
    shutil.copytree(folder, tmp_path / "copy")
    assert stored_partitions(tmp_path / "copy", "no such") == []
    (tmp_path / "copy" / "dagster.yaml").write_text(storage)
    assert stored_partitions(tmp_path / "copy", "classes") is None
    assert may_have_unlaunched_runs(tmp_path / "copy")


def test_an_instance_that_is_not_there_has_no_runs(tmp_path):
    assert stored_partitions(tmp_path / "none", "classes") is None
    assert not may_have_unlaunched_runs(tmp_path / "none")
