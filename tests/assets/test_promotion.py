"""Promoting a baseline through real runs: what is refused, what is accepted, what follows."""

import json

import dagster as dg
import pyarrow.compute as pc
import pytest

from insight_dagster.assets.baseline import baseline
from insight_dagster.assets.baseline import promote as promote_op
from insight_dagster.commands.home import open_instance
from insight_dagster.database import Database
from insight_dagster.database.writes import ReplacePartition, Upsert
from insight_dagster.definitions import build_definitions
from insight_dagster.orchestration import nightly_job
from insight_dagster.orchestration.jobs import define_jobs
from insight_dagster.orchestration.nightly_job import conclude
from insight_dagster.orchestration.run_stages import Analysis
from insight_dagster.orchestration.sensors import baseline_sensor
from insight_dagster.resources.names import Names
from insight_dagster.tables import BASELINES, CHECK_RESULTS, CLUSTERS, LATENT_SPACES, PREDICTIONS

pytestmark = pytest.mark.slow
BROKEN = ["unreadable_share", "quarantined_share"]
"""Checks that fail for one class of the small library, in which many files are not videos."""


def promote(settings, instance, *accept, author="me", reason="because"):
    """Run the job; return whether it succeeded, and the message if it was refused."""
    config = {"author": author, "reason": reason, "accept": list(accept)}
    result = (
        build_definitions(settings)
        .resolve_job_def("promote_baseline")
        .execute_in_process(
            instance=instance,
            run_config={"ops": {"promote": {"config": config}}},
            raise_on_error=False,
        )
    )
    failures = result.filter_events(lambda event: event.is_step_failure)
    cause = failures[0].step_failure_data.error.cause.message if failures else ""
    return result.success, cause


@pytest.fixture
def instance(home_copy):
    with open_instance(home_copy) as found:
        yield found


def test_failing_checks_refuse_a_promotion_until_they_are_accepted_by_name(home_copy, instance):
    store = Database(home_copy.folders.database)
    success, cause = promote(home_copy, instance, "unreadable_share")
    assert not success and "quarantined_share (playing basketball: " in cause
    assert "unreadable_share" not in cause
    assert promote(home_copy, instance, *BROKEN, reason=" ")[1].endswith("an author and a reason\n")
    assert not store.rows(BASELINES).num_rows

    assert promote(home_copy, instance, *BROKEN)[0]
    (row,) = store.rows(BASELINES).to_pylist()
    assert (row["author"], row["reason"], row["accepted"]) == ("me", "because", sorted(BROKEN))
    assert instance.get_latest_materialization_event(baseline.key)
    context = dg.build_sensor_context(instance, definitions=build_definitions(home_copy))
    names = Names()
    sensor = baseline_sensor(names, define_jobs(names, promote_op))
    requests = sensor.evaluate_tick(context).run_requests
    assert {each.job_name for each in requests} == {"compare_with_baseline", "write_report"}


def test_what_only_all_classes_together_show_refuses_a_promotion_too(home_copy, instance):
    store = Database(home_copy.folders.database)
    assert promote(home_copy, instance, *BROKEN)[0]
    for name in instance.get_dynamic_partitions("action_class"):
        rows = store.rows(PREDICTIONS, name)
        for column, value in (("correct", False), ("loss", 9.0)):
            index = rows.column_names.index(column)
            new = pc.if_else(pc.is_valid(rows[column]), value, rows[column])
            rows = rows.set_column(index, column, new.cast(rows.schema.field(column).type))
        store.write(ReplacePartition(PREDICTIONS, rows, name))
    # Each class has too few clips to be tested alone.
    success, cause = promote(home_copy, instance, *BROKEN)
    assert not success and "performance_drift_overall (model change: " in cause
    assert promote(home_copy, instance, *BROKEN, "performance_drift_overall")[0]


def test_clusters_of_an_older_space_are_no_clusters_and_what_cannot_be_evaluated_can_be_accepted(
    home_copy, instance
):
    store = Database(home_copy.folders.database)
    rows = store.rows(CLUSTERS, "snowboarding").to_pylist()
    older = [row | {"space_id": "older", "cluster": 999} for row in rows]
    store.write(ReplacePartition(CLUSTERS, CLUSTERS.from_rows(older), "snowboarding"))
    assert promote(home_copy, instance, *BROKEN)[0]

    (space,) = store.rows(LATENT_SPACES).to_pylist()
    store.write(
        Upsert(LATENT_SPACES, LATENT_SPACES.from_rows([space | {"model_fingerprint": "x"}]))
    )
    success, cause = promote(home_copy, instance, *BROKEN)
    assert not success and "projection_not_judged (abseiling: could not be evaluated: " in cause
    assert promote(home_copy, instance, *BROKEN, "projection_not_judged")[0]


@pytest.mark.parametrize(
    ("severity", "facts", "promoted"),
    [("WARN", {}, 1), ("WARN", {"causes": ["accuracy .9 -> .87"]}, 0), ("ERROR", {}, 0)],
)
def test_a_night_promotes_itself_only_without_errors_and_without_drift(
    home_copy, instance, monkeypatch, severity, facts, promoted
):
    store = Database(home_copy.folders.database)
    row = store.rows(CHECK_RESULTS).to_pylist()[0]
    row |= {"passed": False, "severity": severity, "facts": json.dumps(facts)}
    passing = [each | {"passed": True} for each in store.rows(CHECK_RESULTS).to_pylist()]
    store.write(Upsert(CHECK_RESULTS, CHECK_RESULTS.from_rows(passing)))
    store.write(Upsert(CHECK_RESULTS, CHECK_RESULTS.from_rows([row])))
    launched = []
    monkeypatch.setattr(
        nightly_job.DaemonLauncher,
        "launch_shared",
        lambda self, stage, op_config: launched.append(stage.job) or True,
    )
    resources = (
        build_definitions(home_copy.model_copy(update={"auto_promote": True})).resources or {}
    )
    context = dg.build_op_context(
        instance=instance,
        resources={
            name: resources[name]
            for name in (
                "insight_database",
                "insight_folders",
                "insight_options",
                "insight_names",
            )
        },
    )
    if severity == "ERROR":
        with pytest.raises(Exception, match=row["description"][:20]):
            conclude(context, Analysis(("abseiling",)))
    else:
        conclude(context, Analysis(("abseiling",)))
    assert launched == ["promote_baseline"] * promoted


def test_a_severity_of_no_check_is_refused(home_copy):
    checks = home_copy.checks.model_copy(update={"severities": {"leak": "ERROR"}})
    with pytest.raises(Exception, match="checks that do not exist: leak; choose from .*leaks"):
        build_definitions(home_copy.model_copy(update={"checks": checks}))
