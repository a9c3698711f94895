"""Runs that could not be launched: found, named with the reason, wanted again."""

import dagster as dg
import pytest

from insight_dagster.orchestration.class_ranges import range_tags
from insight_dagster.orchestration.dagster_internals import (
    PARTITION_TAG,
    RETRY_RUN_ID_TAG,
    WILL_RETRY_TAG,
    make_new_run_id,
)
from insight_dagster.orchestration.stages import ANALYSE_JOB
from insight_dagster.orchestration.upkeep import unlaunched_runs as unlaunched
from insight_dagster.orchestration.upkeep.unlaunched_runs import unlaunched_runs
from insight_dagster.resources.names import PREFIX_TAG, Names

NAMES = Names()


@dg.op
def work():
    """Do nothing."""


@dg.job(name=ANALYSE_JOB)
def analyse():
    work()


@dg.job(name="extract_features")
def extract():
    work()


@pytest.fixture
def instance():
    with dg.instance_for_test() as found:
        found.add_dynamic_partitions(NAMES.partition_set, ["a", "b", "c"])
        yield found


def fail_to_launch(instance, job=ANALYSE_JOB, class_name="a", **tags):
    tags = {PARTITION_TAG: class_name} if class_name else tags
    run = instance.add_run(dg.DagsterRun(job_name=job, run_id=make_new_run_id(), tags=tags))
    instance.report_engine_event("Caught an unrecoverable error while dequeuing the run", run)
    instance.report_run_failed(run, "no process could be started: out of memory")
    return run.run_id


def begin(instance, job=analyse, **tags):
    return job.execute_in_process(instance=instance, tags=tags or {PARTITION_TAG: "a"})


def found(instance, names=NAMES):
    return [(each.job, each.class_name) for each in unlaunched_runs(instance, names)]


def test_nothing_is_found_where_every_run_began(instance):
    assert found(instance) == []
    begin(instance)
    assert found(instance) == []


def test_a_run_that_never_began_is_found_with_its_reason(instance):
    run_id = fail_to_launch(instance)
    (each,) = unlaunched_runs(instance, NAMES)
    assert (each.job, each.class_name, each.run_id) == (ANALYSE_JOB, "a", run_id)
    assert each.reason == "no process could be started: out of memory"
    assert each.attempts == 1


@pytest.mark.parametrize("later", [analyse, extract], ids=["again", "by a stage of a night"])
def test_a_later_run_of_the_class_stands_for_it(instance, later):
    fail_to_launch(instance, class_name="a")
    fail_to_launch(instance, class_name="b")
    begin(instance, later)
    assert found(instance) == [(ANALYSE_JOB, "b")]


def test_a_range_counts_for_each_of_its_classes(instance):
    fail_to_launch(instance, "place_classes", class_name=None, **range_tags(("a", "c")))
    assert found(instance) == [("place_classes", name) for name in "abc"]


def test_a_run_that_the_daemon_launches_again_by_itself_is_waited_for(instance):
    run_id = fail_to_launch(instance)
    instance.add_run_tags(run_id, {WILL_RETRY_TAG: "true"})
    assert found(instance) == []
    instance.add_run_tags(run_id, {RETRY_RUN_ID_TAG: "another"})
    assert found(instance) == [(ANALYSE_JOB, "a")]


def test_a_run_that_somebody_canceled_is_not_wanted(instance):
    run = instance.add_run(
        dg.DagsterRun(
            job_name=ANALYSE_JOB,
            run_id=make_new_run_id(),
            tags={PARTITION_TAG: "a"},
        )
    )
    instance.report_run_canceled(run)
    assert found(instance) == []


def test_another_home_of_the_instance_has_its_own(instance):
    fail_to_launch(instance, class_name=None, **{PREFIX_TAG: "theirs", PARTITION_TAG: "a"})
    assert found(instance) == []
    assert found(instance, Names(("theirs",))) == [(ANALYSE_JOB, "a")]


def test_it_is_due_again_ever_more_rarely(instance, monkeypatch):
    fail_to_launch(instance)
    now = unlaunched_runs(instance, NAMES)[0].ended_at
    monkeypatch.setattr(unlaunched.time, "time", lambda: now + 299)
    assert not unlaunched_runs(instance, NAMES)[0].is_due
    monkeypatch.setattr(unlaunched.time, "time", lambda: now + 301)
    assert unlaunched_runs(instance, NAMES)[0].is_due
    fail_to_launch(instance)
    (again,) = unlaunched_runs(instance, NAMES)
    assert again.attempts == 2
    monkeypatch.setattr(unlaunched.time, "time", lambda: again.ended_at + 599)
    assert not again.is_due
    monkeypatch.setattr(unlaunched.time, "time", lambda: again.ended_at + 601)
    assert again.is_due


def test_a_class_that_was_removed_is_not_found(instance):
    fail_to_launch(instance, class_name="a")
    fail_to_launch(instance, class_name="b")
    instance.delete_dynamic_partition(NAMES.partition_set, "a")
    assert found(instance) == [(ANALYSE_JOB, "b")]
