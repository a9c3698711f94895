"""What is read from Dagster's event log."""

import dagster as dg
import pytest

from insight_dagster.errors import DatabaseBusyError, DatabaseError
from insight_dagster.orchestration.run_events import (
    Completed,
    completed,
    database_error,
    materializations,
    step_error,
)
from insight_dagster.orchestration.stages import EXTRACT, REFIT


def made(asset, partition=None):
    return dg.AssetMaterialization(asset, partition=partition)


def test_a_class_is_done_when_every_asset_of_the_stage_is():
    events = [made(asset, "a") for asset in EXTRACT.asset_names]
    events += [made(EXTRACT.asset_names[0], "b"), made("something else", "b")]
    assert completed(EXTRACT, events) == Completed(frozenset("a"), shared=False)


def test_a_stage_without_classes_is_done_when_its_assets_are():
    assert completed(REFIT, []) == Completed(frozenset(), shared=False)
    assert completed(REFIT, [made("latent_space")]) == Completed(frozenset(), shared=True)


@dg.asset
def first() -> None: ...


@dg.asset(deps=[first])
def broken() -> None:
    raise ValueError("no clip: 3 of 4 are missing")


@pytest.fixture
def instance():
    with dg.instance_for_test() as found:
        yield found


def test_the_log_of_a_failed_run_has_its_materializations_and_its_error(instance):
    run = dg.materialize([first, broken], instance=instance, raise_on_error=False)
    events = list(materializations(instance, [run.run_id]))
    assert [event.asset_key for event in events] == [first.key]
    assert step_error(instance, run.run_id) == "no clip: 3 of 4 are missing"
    good = dg.materialize([first], instance=instance)
    assert step_error(instance, good.run_id) == ""


def test_a_check_that_failed_does_not_hide_the_error_of_an_asset(instance):
    @dg.asset_check(asset=first)
    def check() -> dg.AssetCheckResult:
        raise RuntimeError("the check")

    run = dg.materialize([first, check, broken], instance=instance, raise_on_error=False)
    assert step_error(instance, run.run_id) == "no clip: 3 of 4 are missing"
    checked = dg.materialize([first, check], instance=instance, raise_on_error=False)
    assert step_error(instance, checked.run_id) == "the check"


def test_a_run_that_could_not_use_the_database_is_told_from_others(instance):
    @dg.asset
    def busy() -> None:
        raise DatabaseBusyError("held by process 7")

    @dg.asset
    def refused() -> None:
        raise DatabaseError("held by process 7, says a row")

    run = dg.materialize([broken, busy, first], instance=instance, raise_on_error=False)
    found = database_error(instance, run.run_id)
    assert type(found) is DatabaseBusyError and str(found) == "held by process 7"
    for others in ([refused, first], [broken, first]):
        run = dg.materialize(others, instance=instance, raise_on_error=False)
        assert database_error(instance, run.run_id) is None
