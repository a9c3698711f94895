"""Which failed checks keep classes from passing."""

import pytest

from insight_dagster.commands.gate import failed_checks, require_passing
from insight_dagster.database import Database
from insight_dagster.database.writes import Upsert
from insight_dagster.errors import NotPassedError
from insight_dagster.tables import CHECK_RESULTS, STEP_FAILURES, VERDICTS
from insight_dagster.tables.clock import timestamp_now
from insight_dagster.tables.status import FailOn


def check(name, class_name, severity="WARN", *, passed=False):
    return {
        "asset": "clip_manifest",
        "check_name": name,
        "class_name": class_name,
        "passed": passed,
        "severity": severity,
        "description": f"{name} found something",
        "facts": "{}",
        "run_id": "r",
        "evaluated_at": timestamp_now(),
    }


def verdict(class_name, *errors):
    return {
        "class_name": class_name,
        "cleared": not errors,
        "errors": list(errors),
        "warnings": [],
        "decided_at": timestamp_now(),
    }


@pytest.fixture
def store(tmp_path):
    return Database(tmp_path / "insight.duckdb")


def write(store, table, *rows):
    store.write(Upsert(table, table.from_rows(rows)))


def refused(store, fail_on, **only) -> str:
    """Return what a command says that exits with 3, '' where it exits with 0."""
    try:
        require_passing(failed_checks(store), fail_on, **only)
    except NotPassedError as problem:
        assert problem.exit_status == 3
        return str(problem)
    return ""


def test_a_home_in_which_nothing_failed_passes(store):
    assert [refused(store, each) for each in FailOn] == ["", "", ""]
    write(store, CHECK_RESULTS, check("leaks", "a", "ERROR", passed=True))
    write(store, VERDICTS, verdict("a"))
    assert [refused(store, each) for each in FailOn] == ["", "", ""]


def test_each_severity_is_refused_where_it_is_asked_for(store):
    write(store, CHECK_RESULTS, check("leaks", "a"), check("coverage", ""))
    assert refused(store, FailOn.ERROR) == refused(store, FailOn.NEVER) == ""
    warned = "does not pass: coverage (WARN): coverage found something; leaks of 'a' (WARN): "
    assert refused(store, FailOn.WARN).startswith(warned)
    write(store, CHECK_RESULTS, check("unreadable_share", "b", "ERROR"))
    said = "does not pass: unreadable_share of 'b' (ERROR): unreadable_share found something"
    assert refused(store, FailOn.ERROR) == said
    assert refused(store, FailOn.WARN).startswith(f"{said}; coverage")
    assert refused(store, FailOn.NEVER) == ""


def test_a_verdict_that_does_not_pass_is_refused_with_its_reason(store):
    write(store, VERDICTS, verdict("a", "embeddings_failed", "leaks"), verdict("b"))
    failure = {"asset": "embeddings", "class_name": "a", "reason": "no memory", "run_id": "r"}
    write(store, STEP_FAILURES, failure | {"failed_at": timestamp_now()})
    write(store, CHECK_RESULTS, check("leaks", "a", "ERROR"))
    said = refused(store, FailOn.ERROR)
    assert "embeddings_failed of 'a' (ERROR): no memory" in said
    assert said.count("leaks of 'a'") == 1


def test_only_the_classes_and_checks_of_the_command_count(store):
    write(store, CHECK_RESULTS, check("leaks", "a", "ERROR"), check("data_drift", "b", "ERROR"))
    assert "leaks" not in refused(store, FailOn.ERROR, checks=("data_drift",))
    assert refused(store, FailOn.ERROR, classes=("c",)) == ""
    assert "'b'" not in refused(store, FailOn.ERROR, classes=("a",))
    write(store, CHECK_RESULTS, check("performance_drift_overall", "", "ERROR"))
    assert "overall" in refused(store, FailOn.ERROR, classes=("c",))


def test_one_line_names_the_first_and_counts_the_rest(store):
    write(store, CHECK_RESULTS, *(check("leaks", f"class {n}", "ERROR") for n in range(30)))
    said = refused(store, FailOn.ERROR)
    assert said.count(" of ") == 5 and said.endswith("25 more, see `insight status`")
    assert "\n" not in said
