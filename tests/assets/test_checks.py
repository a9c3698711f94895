"""Asset checks through real runs: what passes, what fails, and what a failure stops."""

import dagster as dg
import pyarrow as pa
import pytest

from insight_dagster.commands.home import open_instance
from insight_dagster.database import Database, Replacement
from insight_dagster.definitions import build_definitions
from insight_dagster.tables import CLIP_MANIFEST, EMBEDDINGS

pytestmark = pytest.mark.slow
BROKEN_CLASS = "playing basketball"


def run_assets(settings, *names, class_name, raise_on_error=True):
    job = build_definitions(settings).resolve_job_def("analyse_classes")
    with open_instance(settings) as instance:
        return job.execute_in_process(
            instance=instance,
            partition_key=class_name,
            asset_selection=[dg.AssetKey(name) for name in names],
            raise_on_error=raise_on_error,
        )


def evaluation(result, check_name):
    (found,) = [
        each for each in result.get_asset_check_evaluations() if each.check_name == check_name
    ]
    return found


def test_too_many_quarantined_clips_fail_the_check_but_not_the_run(home_copy):
    store = Database(home_copy.database_path)
    manifest = store.rows(CLIP_MANIFEST, BROKEN_CLASS)
    quarantined = manifest["status"].to_pylist().count("quarantined")
    assert quarantined > 0
    lenient = evaluation(
        run_assets(home_copy, "clip_manifest", class_name=BROKEN_CLASS), "unreadable_share"
    )
    share = quarantined / manifest.num_rows
    assert lenient.passed == (share <= home_copy.max_quarantined_share)
    assert lenient.metadata["share"].value == pytest.approx(share)
    strict_settings = home_copy.model_copy(update={"max_quarantined_share": 0.0})
    result = run_assets(strict_settings, "clip_manifest", class_name=BROKEN_CLASS)
    assert result.success
    assert not evaluation(result, "unreadable_share").passed


def test_vectors_of_two_models_fail_the_blocking_check(home_copy, monkeypatch):
    store = Database(home_copy.database_path)
    rows = store.rows(EMBEDDINGS, "abseiling")
    foreign = pa.array(["other model"] + rows["model_fingerprint"].to_pylist()[1:])
    index = rows.column_names.index("model_fingerprint")
    mixed = rows.set_column(index, "model_fingerprint", foreign)
    real = Database.write

    def write(self, *writes):
        changed = [
            Replacement(EMBEDDINGS, mixed, "abseiling")
            if isinstance(one, Replacement) and one.table is EMBEDDINGS
            else one
            for one in writes
        ]
        real(self, *changed)

    monkeypatch.setattr(Database, "write", write)
    result = run_assets(home_copy, "embeddings", class_name="abseiling", raise_on_error=False)
    assert not result.success
    found = evaluation(result, "embeddings_complete")
    assert not found.passed
    assert found.metadata["models"].value.count(",") == 1


def test_a_clip_deleted_after_the_manifest_is_quarantined_with_the_reason(home_copy):
    store = Database(home_copy.database_path)
    manifest = store.rows(CLIP_MANIFEST, "snowboarding").to_pylist()
    victim = next(row for row in manifest if row["status"] == "ok")
    (home_copy.library_folder / victim["path"]).unlink()
    store.write(Replacement(EMBEDDINGS, store.rows(EMBEDDINGS).slice(0, 0), "snowboarding"))
    result = run_assets(home_copy, "embeddings", class_name="snowboarding")
    assert result.success
    assert evaluation(result, "embeddings_complete").passed
    assert evaluation(result, "quarantined_share").metadata["quarantined"].value >= 1
    after = {row["clip_id"]: row for row in store.rows(CLIP_MANIFEST, "snowboarding").to_pylist()}
    assert after[victim["clip_id"]]["status"] == "quarantined"
    assert after[victim["clip_id"]]["problem"]
