"""The `insights` asset through Dagster: the user's columns and filters, actions, the ledger."""

import csv
from collections import Counter

import pytest

from insight_dagster.database import Database
from insight_dagster.settings.filter_settings import ContrastFilter, PopulationFilter
from insight_dagster.tables import (
    INSIGHT_ACTIONS,
    INSIGHT_EFFECTS,
    INSIGHT_LEDGER,
    INSIGHTS,
)
from tests.assets.test_checks import run_assets

pytestmark = pytest.mark.slow


def materialization(result):
    (event,) = [
        each for each in result.get_asset_materialization_events()
        if each.asset_key.path == ["insights"]
    ]  # fmt: skip
    return event.materialization.metadata


def ledger(store, class_name):
    return store.rows(INSIGHT_LEDGER, class_name).to_pylist()


def test_a_column_of_the_users_file_becomes_the_first_cause(home_copy, tmp_path):
    store = Database(home_copy.folders.database)
    clips = store.read("SELECT clip_id, correct FROM predictions ORDER BY ALL").to_pylist()
    with (tmp_path / "columns.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["clip_id", "altitude", "camera"])
        for position, clip in enumerate(clips):
            altitude = position % 7 + (0 if clip["correct"] else 100)
            writer.writerow([clip["clip_id"], altitude, "phone" if clip["correct"] else "drone"])
        writer.writerow(["no such clip", 3, "phone"])
    # The library is too small for certainty: every candidate is looked at.
    settings = home_copy.model_copy(
        update={"metadata_file": tmp_path / "columns.csv", "fdr": 0.999}
    )
    shown = materialization(run_assets(settings, "insights", class_name="rock climbing"))
    assert shown["rows_of_metadata_file_without_clip"].value == "1"
    assert shown["clips_not_in_metadata_file"].value == "0"
    first = store.read(
        """SELECT c.field FROM insight_causes c JOIN insights i USING (insight_id)
           WHERE c.rank = 1 AND i.kind = 'low_performance' AND i.population = 'all'"""
    )["field"].to_pylist()
    assert set(first) & {"altitude", "camera = drone", "camera = phone"}


def test_filters_of_the_settings_are_counted_and_a_broken_one_fails_by_name(home_copy):
    wrong = PopulationFilter(sql="not correct", description="misclassified clips")
    side = ContrastFilter(sql="duration_seconds > 2")
    settings = home_copy.model_copy(
        update={"populations": {"wrong": wrong}, "contrasts": {"long_clips": side}}
    )
    shown = materialization(run_assets(settings, "insights", class_name="snowboarding"))
    store = Database(home_copy.folders.database)
    count = store.read("SELECT count(*) AS n FROM predictions WHERE not correct")["n"][0].as_py()
    assert shown["clips_in_wrong"].value == str(count)
    assert "clips_in_long_clips" in shown
    broken = PopulationFilter(sql="exists (select * from read_csv('/etc/passwd'))")
    settings = home_copy.model_copy(update={"populations": {"spy": broken}})
    result = run_assets(settings, "insights", class_name="snowboarding")
    assert not result.success
    (event,) = result.filter_events(lambda each: each.is_step_failure)
    message = str(event.step_failure_data.error)
    assert "the filter 'spy'" in message
    assert "root:" not in message


def test_every_insight_has_actions_and_an_effect_or_a_reason(finished_home):
    store = Database(finished_home.folders.database)
    ids = set(store.rows(INSIGHTS)["insight_id"].to_pylist())
    assert ids
    assert set(store.rows(INSIGHT_ACTIONS)["insight_id"].to_pylist()) == ids
    effects = store.rows(INSIGHT_EFFECTS).to_pylist()
    assert {row["insight_id"] for row in effects} == ids
    assert all((row["change"] is None) == bool(row["reason"]) for row in effects)


def test_the_ledger_follows_insights_from_run_to_run(home_copy):
    store = Database(home_copy.folders.database)
    class_name = store.rows(INSIGHTS)["class_name"][0].as_py()
    born = ledger(store, class_name)
    assert {row["status"] for row in born} == {"born"}
    present = set(store.rows(INSIGHTS, class_name)["insight_id"].to_pylist())
    assert {row["insight_id"] for row in born} == present

    run_assets(home_copy, "insights", class_name=class_name)
    assert ledger(store, class_name) == born

    strict = home_copy.model_copy(update={"fdr": 1e-300})
    shown = materialization(run_assets(strict, "insights", class_name=class_name))
    lines = ledger(store, class_name)
    assert Counter(row["status"] for row in lines) == {"born": len(born), "resolved": len(born)}
    assert shown["insights_resolved"].value == str(len(born))
    assert "outlined" not in shown

    shown = materialization(run_assets(home_copy, "insights", class_name=class_name))
    assert shown["outlined"].value.startswith(
        "![groups in the latent space](data:image/png;base64,"
    )
    lines = ledger(store, class_name)
    assert Counter(row["status"] for row in lines)["regressed"] == len(born)
    assert {row["ledger_id"] for row in lines} == present
