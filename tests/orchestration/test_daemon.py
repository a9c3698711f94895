"""The daemon at work on a home: the sensor, the nightly schedule, checks, alerts."""

import json
import shutil
import urllib.request
from datetime import UTC, datetime, timedelta

import dagster as dg
import pyarrow.compute as pc
import pytest

from insight_dagster.commands.home import open_instance
from insight_dagster.commands.run.local_run import run_pipeline
from insight_dagster.database import Database
from insight_dagster.database.writes import ReplacePartition
from insight_dagster.demo.library.fault_shares import FaultShares
from insight_dagster.demo.library.make_library import make_library
from insight_dagster.tables import (
    CHECK_RESULTS,
    CLIP_MANIFEST,
    CLUSTERS,
    EMBEDDINGS,
    INSIGHTS,
    LATENT_SPACES,
    METADATA_TABLE,
    PREDICTIONS,
    PROJECTION,
)
from tests.orchestration.test_alerts import Receiver
from tests.support.dagster_server import DagsterServer, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
NEW_CLASS = "skateboarding"
SAME_AS_IN_ONE_GO = (
    CLIP_MANIFEST, EMBEDDINGS, PREDICTIONS, METADATA_TABLE, PROJECTION, CLUSTERS, INSIGHTS,
)  # fmt: skip


def add_class(library, tmp_path):
    make_library(
        tmp_path / "new",
        seed=9,
        clips_per_class=6,
        classes=(NEW_CLASS,),
        faults=FaultShares.none(),
    )
    for split in ("train", "val", "test"):
        shutil.copytree(tmp_path / "new" / split / NEW_CLASS, library / split / NEW_CLASS)


def in_minutes(minutes: int) -> str:
    """A daily schedule whose next tick is so many whole minutes away."""
    when = datetime.now(UTC) + timedelta(minutes=minutes)
    return f"{when.minute} {when.hour} * * *"


def tags(run):
    return {tag["key"]: tag["value"] for tag in run["tags"]}


def test_a_new_class_and_a_night(home_copy, tmp_path, quiet):
    store = Database(home_copy.folders.database)
    add_class(home_copy.library_folder, tmp_path)
    receiver = Receiver()
    environment = {
        "INSIGHT_MIN_CLUSTER_SIZE": "4",
        "INSIGHT_HEATMAPS_PER_INSIGHT": "2",
        "INSIGHT_WATCH_SECONDS": "5",
        "INSIGHT_NIGHTLY_CRON": in_minutes(2),
        "INSIGHT_ALERT_WEBHOOK": receiver.address,
    }
    with DagsterServer(home_copy.home, **environment) as server:
        assert len(server.ask("{ assetNodes { id } }")["assetNodes"]) == 12
        materialize_by_hand_while_the_sensor_finds_a_class(server, store)
        a_night_goes_through_all_stages_and_fails_for_one_class(server)
        alert = wait_for(lambda: receiver.received, 90, "the alert")[-1]
        the_links_lead_to_the_report(home_copy, server)
    receiver.shutdown()
    receiver.server_close()
    assert (alert["kind"], alert["job"]) == ("check_failed", "nightly_reanalysis")
    assert {each["check"] for each in alert["checks"]} >= {"unreadable_share", "quarantined_share"}
    assert {each["class"] for each in alert["checks"]} == {"playing basketball"}
    assert (home_copy.folders.report / "index.html").is_file()
    with open_instance(home_copy) as instance:
        assert NEW_CLASS in instance.get_dynamic_partitions("action_class")

    # What came in small steps is what one run over the same clips gives.
    scratch = home_copy.model_copy(
        update={"home": tmp_path / "scratch", "library": home_copy.library_folder}
    )
    assert run_pipeline(scratch, console=quiet).succeeded
    other = Database(scratch.folders.database)
    for table in SAME_AS_IN_ONE_GO:
        ours, theirs = (each.rows(table).drop_columns(_own(table)) for each in (store, other))
        assert ours.equals(theirs), table.name


def the_links_lead_to_the_report(settings, server):
    """Browsers follow no link from the UI to a file: the report is served beside it."""
    with open_instance(settings) as instance:
        event = instance.get_latest_materialization_event(dg.AssetKey("insight_report"))
    link = event.asset_materialization.metadata["open"].value
    assert link == f"http://127.0.0.1:{server.report_port}/"
    with urllib.request.urlopen(link, timeout=10) as answer:
        assert b"Content-Security-Policy" in answer.read()


def materialize_by_hand_while_the_sensor_finds_a_class(server, store):
    spaces = store.rows(LATENT_SPACES)["space_id"].to_pylist()
    before = store.rows(CLUSTERS, "snowboarding")
    store.write(ReplacePartition(CLUSTERS, before.slice(0, 0), "snowboarding"))
    by_hand = server.launch(
        "__ASSET_JOB", assets=["clusters"], tags={"dagster/partition": "snowboarding"}
    )
    (analysis,) = wait_for(
        lambda: server.runs(pipelineName="analyse_classes"), 90, "the sensor to see the class"
    )
    assert tags(analysis)["dagster/partition"] == NEW_CLASS
    assert server.wait_for_run(by_hand) == "SUCCESS"
    assert store.rows(CLUSTERS, "snowboarding").equals(before)
    assert server.wait_for_run(analysis["runId"]) == "SUCCESS"
    # Placed into the space that was there: nothing was refitted, no other class touched.
    assert store.rows(LATENT_SPACES)["space_id"].to_pylist() == spaces
    placed = store.rows(PROJECTION, NEW_CLASS)
    assert placed.num_rows and not any(placed["fitted"].to_pylist())
    assert {row["check_name"] for row in checks(store, NEW_CLASS)} >= {
        "unreadable_share", "embeddings_complete", "performance_drift", "inside_latent_space",
    }  # fmt: skip


def a_night_goes_through_all_stages_and_fails_for_one_class(server):
    (night,) = wait_for(
        lambda: server.runs(pipelineName="nightly_reanalysis"), 180, "the schedule to tick"
    )
    assert tags(night)["dagster/schedule_name"] == "nightly"
    # One class has too many broken clips: the night goes on with all, and ends as failed.
    assert server.wait_for_run(night["runId"], 600) == "FAILURE"
    stages = [run["jobName"] for run in server.runs() if tags(run).get("insight/night")]
    assert sorted(stages) == sorted(
        ["extract_features", "refit_latent_space", "place_classes", "explain_classes"]
        + ["evaluate_checks", "write_report"]
    )


def _own(table):
    """Columns that name when and in which order a home came to be."""
    return [name for name in ("modified_ns",) if name in table.column_names]


def checks(store, class_name):
    rows = store.rows(CHECK_RESULTS)
    found = rows.filter(pc.equal(rows["class_name"], class_name)).to_pylist()
    assert all(json.loads(row["facts"]) is not None for row in found)
    return found
