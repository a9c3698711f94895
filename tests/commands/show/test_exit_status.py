"""The exit status of `insight status` and `insight drift` is that of the state that they print."""

import json

import pytest

from insight_dagster.commands.console import Console
from insight_dagster.commands.show import drift, status
from insight_dagster.database import Database
from insight_dagster.database.writes import ReplaceTable
from insight_dagster.errors import NotPassedError
from insight_dagster.settings import load_settings
from insight_dagster.tables import CHECK_RESULTS, CLIP_MANIFEST
from insight_dagster.tables.clock import timestamp_now
from insight_dagster.tables.status import FailOn
from tests.support.small_database import made_up_rows

SHOWN = {
    "status": status.show_status,
    "drift": lambda *home, **options: drift.show_drift(*home, class_name="yoga", **options),
}


@pytest.fixture
def settings(tmp_path):
    """A home with one class, and a failed check of all classes together."""
    settings = load_settings(home=tmp_path)
    store = Database(settings.folders.database)
    clip = made_up_rows(CLIP_MANIFEST, 1, class_name="yoga", status="ok")
    store.write(ReplaceTable(CLIP_MANIFEST, clip))
    write_check(store, passed=False)
    return settings


def write_check(store, *, passed):
    row = {
        "asset": "performance",
        "check_name": "performance_drift_overall",
        "class_name": "",
        "passed": passed,
        "severity": "ERROR",
        "description": "the model got worse",
        "facts": "{}",
        "run_id": "r",
        "evaluated_at": timestamp_now(),
    }
    store.write(ReplaceTable(CHECK_RESULTS, CHECK_RESULTS.from_rows([row])))


@pytest.mark.parametrize("command", SHOWN)
def test_a_check_of_all_classes_that_fails_the_command_is_shown(settings, command, capsys):
    options = {"fail_on": FailOn.ERROR, "console": Console(width=200)}
    with pytest.raises(NotPassedError, match="performance_drift_overall"):
        SHOWN[command](settings, as_json=False, **options)
    assert "the model got worse" in capsys.readouterr().out
    with pytest.raises(NotPassedError):
        SHOWN[command](settings, as_json=True, **options)
    document = json.loads(capsys.readouterr().out)
    (row,) = document["failed_checks" if command == "status" else "checks"]
    assert (row["check_name"], row["class_name"]) == ("performance_drift_overall", "")


@pytest.mark.parametrize("command", SHOWN)
def test_what_is_written_while_a_command_prints_does_not_count(settings, command, monkeypatch):
    store = Database(settings.folders.database)
    module = {"status": status, "drift": drift}[command]
    monkeypatch.setattr(module, "print_json", lambda *_, **rows: write_check(store, passed=True))
    options = {"fail_on": FailOn.ERROR, "console": Console(quiet=True), "as_json": True}
    with pytest.raises(NotPassedError):
        SHOWN[command](settings, **options)
    SHOWN[command](settings, **options)
