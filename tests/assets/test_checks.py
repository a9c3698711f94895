"""Asset checks through real runs: what passes, what fails, and what a failure stops."""

import json
from datetime import datetime

import dagster as dg
import pyarrow as pa
import pytest

from insight_dagster.commands.home import open_instance
from insight_dagster.database import Database
from insight_dagster.database.writes import ReplacePartition, Upsert
from insight_dagster.definitions import build_definitions
from insight_dagster.orchestration.class_ranges import range_tags
from insight_dagster.tables import (
    CHECK_RESULTS,
    CLIP_MANIFEST,
    EMBEDDINGS,
    PINNED_INSIGHTS,
    STEP_FAILURES,
    VERDICTS,
)

pytestmark = pytest.mark.slow
BROKEN_CLASS = "playing basketball"
CLASSES = ("abseiling", "disc golfing", "playing basketball", "rock climbing", "snowboarding")


def run_assets(settings, *names, class_name=None, tags=None, job="analyse_classes"):
    resolved = build_definitions(settings).resolve_job_def(job)
    with open_instance(settings) as instance:
        return resolved.execute_in_process(
            instance=instance,
            partition_key=class_name,
            tags=tags,
            asset_selection=[dg.AssetKey(name) for name in names],
            raise_on_error=False,
        )


def evaluations(result, check_name):
    found = [each for each in result.get_asset_check_evaluations() if each.check_name == check_name]
    return {each.partition: each for each in found}


def with_checks(settings, **limits):
    checks = settings.checks.model_copy(update=limits)
    return settings.model_copy(update={"checks": checks})


def failed_step(result):
    (event,) = result.filter_events(lambda event: event.is_step_failure)
    return event.step_key, event.step_failure_data.error.message


def test_a_failing_check_fails_the_run_and_not_the_asset(home_copy):
    lenient = with_checks(home_copy, max_quarantined_share=0.5)
    result = run_assets(lenient, "clip_manifest", class_name=BROKEN_CLASS)
    assert result.success
    (passed,) = evaluations(result, "unreadable_share").values()
    manifest = Database(home_copy.folders.database).rows(CLIP_MANIFEST, BROKEN_CLASS)
    quarantined = manifest["status"].to_pylist().count("quarantined")
    assert passed.passed
    assert passed.metadata["share"].value == f"{quarantined / manifest.num_rows:.3g}"

    strict = with_checks(home_copy, max_quarantined_share=0.0)
    result = run_assets(strict, "clip_manifest", class_name=BROKEN_CLASS)
    assert not result.success
    step, message = failed_step(result)
    assert step == "clip_manifest_checks" and "unreadable_share of 'playing basketball'" in message
    assert len(result.get_asset_materialization_events()) == 1
    stored = Database(home_copy.folders.database).rows(CHECK_RESULTS).to_pylist()
    (row,) = [
        each
        for each in stored
        if each["check_name"] == "unreadable_share" and each["class_name"] == BROKEN_CLASS
    ]
    assert not row["passed"] and row["severity"] == "ERROR"
    assert json.loads(row["facts"])["quarantined"] == quarantined


def test_a_run_of_many_classes_has_a_result_for_each_of_them(home_copy):
    strict = with_checks(home_copy, max_quarantined_share=0.0)
    result = run_assets(
        strict, "clip_manifest", "embeddings", tags=range_tags((CLASSES[0], CLASSES[-1]))
    )
    for name in ("unreadable_share", "label_known", "embeddings_complete", "quarantined_share"):
        assert sorted(evaluations(result, name)) == sorted(CLASSES), name
    shares = evaluations(result, "unreadable_share")
    assert {name for name, each in shares.items() if not each.passed} == {BROKEN_CLASS}
    assert not result.success
    targets = {each.target_materialization_data.storage_id for each in shares.values()}
    assert len(targets) == len(CLASSES), "every result is of its own class's materialization"


def test_a_severity_can_be_changed_in_the_settings(home_copy):
    softer = with_checks(
        home_copy, max_quarantined_share=0.0, severities={"unreadable_share": "WARN"}
    )
    result = run_assets(softer, "clip_manifest", class_name=BROKEN_CLASS)
    assert result.success
    (found,) = evaluations(result, "unreadable_share").values()
    assert not found.passed and found.severity == dg.AssetCheckSeverity.WARN


def mix_models(home, class_name):
    """Store vectors of two models, as an interrupted change of the model would leave them."""
    store = Database(home.folders.database)
    rows = store.rows(EMBEDDINGS, class_name)
    foreign = pa.array(["other model"] + rows["model_fingerprint"].to_pylist()[1:])
    index = rows.column_names.index("model_fingerprint")
    mixed = rows.set_column(index, "model_fingerprint", foreign)
    store.write(ReplacePartition(EMBEDDINGS, mixed, class_name))


def test_vectors_that_cannot_be_trusted_stop_what_builds_on_them_and_no_other_class(home_copy):
    mix_models(home_copy, "abseiling")
    result = run_assets(
        home_copy, "projection", "clusters", tags=range_tags((CLASSES[0], CLASSES[1]))
    )
    assert not result.success
    with open_instance(home_copy) as instance:
        records = instance.get_records_for_run(
            result.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION
        ).records
        events = [record.event_log_entry.asset_materialization for record in records]
    assert {(each.asset_key.to_user_string(), each.partition) for each in events} == {
        ("projection", "disc golfing"),
        ("clusters", "disc golfing"),
    }
    # The class that was done has its checks all the same, though its step failed.
    store = Database(home_copy.folders.database)
    checked = {
        (row["check_name"], row["class_name"])
        for row in store.rows(CHECK_RESULTS).to_pylist()
        if row["run_id"] == result.run_id
    }
    assert checked == {
        (check, "disc golfing")
        for check in ("inside_latent_space", "noise_share", "clusters_stable")
    }
    # Dagster knows of the other class's check only that it was planned.
    with open_instance(home_copy) as instance:
        key = dg.AssetCheckKey(dg.AssetKey("clusters"), "noise_share")
        records = instance.event_log_storage.get_asset_check_execution_history(key, limit=20)
    evaluated = [
        each.partition
        for each in records
        if each.run_id == result.run_id and each.status.name != "PLANNED"
    ]
    assert evaluated == ["disc golfing"]
    failures = store.rows(STEP_FAILURES).to_pylist()
    found = {row["asset"]: row for row in failures if row["class_name"] == "abseiling"}
    assert set(found) >= {"projection", "clusters"}
    assert "vectors of 2 models are mixed" in found["projection"]["reason"]

    run_assets(home_copy, "embeddings", class_name="abseiling")
    assert run_assets(home_copy, "projection", "clusters", class_name="abseiling").success
    left = Database(home_copy.folders.database).rows(STEP_FAILURES).to_pylist()
    assert not {"projection", "clusters"} & {row["asset"] for row in left}


def test_a_partition_without_clips_fails_its_check_and_keeps_no_class_back(home_copy):
    with open_instance(home_copy) as instance:
        instance.add_dynamic_partitions("action_class", ["typo"])
        partitions = instance.get_dynamic_partitions("action_class")
    names = ("clip_manifest", "embeddings", "metadata_table")
    result = run_assets(home_copy, *names, tags=range_tags((partitions[-2], partitions[-1])))
    assert not result.success
    made = {
        (event.asset_key.to_user_string(), event.partition)
        for event in result.get_asset_materialization_events()
    }
    assert made == {(name, each) for name in names for each in partitions[-2:]}
    in_library = evaluations(result, "in_library")["typo"]
    assert not in_library.passed and in_library.severity == dg.AssetCheckSeverity.ERROR
    assert evaluations(result, "in_library")[partitions[-2]].passed


def test_a_space_that_is_kept_lists_the_classes_it_leaves_out_now(home_copy):
    store = Database(home_copy.folders.database)
    assert run_assets(home_copy, "latent_space", job="refit_latent_space").success
    failed = dict.fromkeys(STEP_FAILURES.column_names, "x") | {"failed_at": datetime(2026, 1, 1)}
    failed["sequence"] = 1
    failed |= {"asset": "embeddings", "class_name": "late class"}
    manifest = store.rows(CLIP_MANIFEST, "abseiling").to_pylist()[0]
    late = manifest | {"class_name": "late class", "clip_id": "late"}
    store.write(
        Upsert(STEP_FAILURES, STEP_FAILURES.from_rows([failed])),
        Upsert(CLIP_MANIFEST, CLIP_MANIFEST.from_rows([late])),
    )
    result = run_assets(home_copy, "latent_space", job="refit_latent_space")
    (event,) = result.get_asset_materialization_events()
    assert event.materialization.metadata["computed"].value == 0
    (coverage,) = evaluations(result, "coverage").values()
    assert not coverage.passed and "late class" in coverage.description


def test_a_class_that_failed_never_feeds_the_shared_fit(home_copy):
    mix_models(home_copy, "abseiling")
    result = run_assets(home_copy, "latent_space", job="refit_latent_space")
    (event,) = result.get_asset_materialization_events()
    assert "abseiling" in event.materialization.metadata["left_out"].value
    newest = Database(home_copy.folders.database).read(
        "SELECT * FROM latent_spaces ORDER BY sequence DESC LIMIT 1"
    )
    assert newest["classes"].to_pylist() == [[name for name in CLASSES if name != "abseiling"]]
    (coverage,) = evaluations(result, "coverage").values()
    assert not coverage.passed and "abseiling" in coverage.description


def test_the_blocking_check_sees_vectors_of_two_models(home_copy, monkeypatch):
    real = Database.write

    def write(self, *writes):
        real(self, *writes)
        if any(getattr(one, "table", None) is EMBEDDINGS for one in writes):
            mix_models(home_copy, "abseiling")

    with monkeypatch.context() as patch:
        spoiled = "insight_dagster.assets.measurements.DatabaseResource.open"
        patch.setattr(spoiled, lambda self: _Spoiler(self, write))
        result = run_assets(home_copy, "embeddings", "projection", class_name="abseiling")
    (found,) = evaluations(result, "embeddings_complete").values()
    assert not found.passed
    assert "models are mixed" in found.description
    materialized = {each.asset_key for each in result.get_asset_materialization_events()}
    assert materialized == {dg.AssetKey("embeddings")}, "projection waits for a blocking check"


class _Spoiler(Database):
    """A database whose vectors are damaged right after they were written."""

    def __init__(self, resource, write):
        from pathlib import Path

        super().__init__(Path(resource.path))
        object.__setattr__(self, "write", lambda *writes: write(self, *writes))


def test_a_clip_deleted_after_the_manifest_is_quarantined_with_the_reason(home_copy):
    store = Database(home_copy.folders.database)
    manifest = store.rows(CLIP_MANIFEST, "snowboarding").to_pylist()
    victim = next(row for row in manifest if row["status"] == "ok")
    (home_copy.library_folder / victim["path"]).unlink()
    store.write(ReplacePartition(EMBEDDINGS, store.rows(EMBEDDINGS).slice(0, 0), "snowboarding"))
    lenient = with_checks(home_copy, max_quarantined_share=0.5)
    result = run_assets(lenient, "embeddings", class_name="snowboarding")
    assert result.success
    (complete,) = evaluations(result, "embeddings_complete").values()
    assert complete.passed
    (share,) = evaluations(result, "quarantined_share").values()
    assert int(share.metadata["quarantined"].value) >= 1
    after = {row["clip_id"]: row for row in store.rows(CLIP_MANIFEST, "snowboarding").to_pylist()}
    assert after[victim["clip_id"]]["status"] == "quarantined"
    assert after[victim["clip_id"]]["problem"]


def test_the_verdict_evaluates_every_check_and_fails_with_the_class(home_copy):
    result = run_assets(
        home_copy, "verdict", tags=range_tags((CLASSES[1], CLASSES[2])), job="evaluate_checks"
    )
    assert not result.success
    rows = {
        r["class_name"]: r for r in Database(home_copy.folders.database).rows(VERDICTS).to_pylist()
    }
    assert rows["disc golfing"]["cleared"] and not rows["disc golfing"]["errors"]
    assert not rows["disc golfing"]["warnings"], "no baseline: not compared, and no warning"
    assert not rows[BROKEN_CLASS]["cleared"]
    assert rows[BROKEN_CLASS]["errors"] == ["unreadable_share", "quarantined_share"]


def test_a_pinned_insight_that_got_worse_fails_its_check(home_copy):
    store = Database(home_copy.folders.database)
    insight = store.read(
        """SELECT i.*, list(m.clip_id) AS clip_ids FROM insights i
           JOIN insight_members m USING (insight_id) GROUP BY ALL
           ORDER BY severity DESC LIMIT 1"""
    ).to_pylist()[0]
    pin = {name: insight.get(name) for name in PINNED_INSIGHTS.column_names}
    pin |= {"note": "", "author": "me", "pinned_at": datetime(2026, 1, 1)}
    class_name = insight["class_name"]

    def outcome(severity):
        row = PINNED_INSIGHTS.from_rows([pin | {"severity": severity}])
        store.write(Upsert(PINNED_INSIGHTS, row))
        result = run_assets(home_copy, "insights", class_name=class_name)
        (found,) = evaluations(result, "pinned_insights").values()
        return result.success, found

    success, found = outcome(insight["severity"])
    assert success and found.passed
    success, found = outcome(insight["severity"] - 0.2)
    assert not success and not found.passed
    assert insight["sentence"] in found.description
