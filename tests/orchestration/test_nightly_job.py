"""How a night ends: what failed is said, whatever happens while old things are deleted."""

import dagster as dg
import pytest

from insight_dagster.database import Database
from insight_dagster.database.writes import Upsert
from insight_dagster.definitions import build_definitions
from insight_dagster.errors import RunFailedError
from insight_dagster.orchestration import nightly_job
from insight_dagster.orchestration.nightly_job import conclude
from insight_dagster.orchestration.run_stages import Analysis
from insight_dagster.settings import load_settings
from insight_dagster.tables import CHECK_RESULTS
from tests.support.small_database import fill_history

NEEDED = ("insight_database", "insight_folders", "insight_options", "insight_names")


@pytest.fixture
def settings(tmp_path):
    found = load_settings(home=tmp_path / "home")
    fill_history(Database(found.folders.database))
    return found


def end_night(settings):
    resources = build_definitions(settings).resources
    with dg.instance_for_test() as instance:
        needed = {name: resources[name] for name in NEEDED}
        conclude(dg.build_op_context(instance=instance, resources=needed), Analysis(("a",)))


def set_check(settings, **values):
    store = Database(settings.folders.database)
    rows = [{**row, "passed": True} for row in store.rows(CHECK_RESULTS).to_pylist()]
    rows[0].update(values)
    store.write(Upsert(CHECK_RESULTS, CHECK_RESULTS.from_rows(rows)))


def test_what_cannot_be_deleted_is_said_beside_what_failed(settings, monkeypatch):
    def fail(*_, **__):
        raise OSError("no space left")

    monkeypatch.setattr(nightly_job, "tidy", fail)
    set_check(settings, passed=False, severity="ERROR", description="it is worse")
    with pytest.raises(RunFailedError, match="it is worse.*could not be deleted: no space left"):
        end_night(settings)
    set_check(settings, passed=True)
    with pytest.raises(RunFailedError, match="^old runs .* could not be deleted: no space left$"):
        end_night(settings)


def test_what_is_old_is_deleted_also_after_a_night_that_failed(settings, monkeypatch):
    kept = []

    def delete(*_, keep_analyses):
        kept.append(keep_analyses)
        return "done"

    monkeypatch.setattr(nightly_job, "tidy", delete)
    set_check(settings, passed=False, severity="ERROR", description="it is worse")
    with pytest.raises(RunFailedError, match="it is worse"):
        end_night(settings)
    set_check(settings, passed=True)
    end_night(settings)
    assert kept == [settings.keep_analyses] * 2
