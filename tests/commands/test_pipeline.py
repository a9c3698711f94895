"""Everything through Dagster: complete, incremental, and the same as from scratch."""

import csv
import shutil

import numpy as np
import pyarrow.compute as pc
import pytest
from rich.console import Console

from insight_dagster.commands import pipeline
from insight_dagster.commands.home import open_instance
from insight_dagster.commands.pipeline import run_pipeline
from insight_dagster.database import Database
from insight_dagster.demo.library import make_library
from insight_dagster.errors import UnknownClassError
from insight_dagster.tables import (
    CLIP_MANIFEST,
    CLUSTERS,
    EMBEDDINGS,
    LATENT_SPACES,
    METADATA_TABLE,
    PREDICTIONS,
    PROJECTION,
)

pytestmark = pytest.mark.slow
MEASURED = (EMBEDDINGS, PREDICTIONS, METADATA_TABLE)


def database(settings) -> Database:
    return Database(settings.database_path)


def ids(settings, table) -> list[str]:
    return database(settings).rows(table)["clip_id"].to_pylist()


def usable(settings) -> list[str]:
    rows = database(settings).rows(CLIP_MANIFEST).to_pylist()
    return [row["clip_id"] for row in rows if row["status"] == "ok"]


def test_every_clip_is_accounted_for_in_every_table(finished_home):
    manifest = database(finished_home).rows(CLIP_MANIFEST).to_pylist()
    files = [path for path in finished_home.library_folder.rglob("*/*/*") if path.is_file()]
    assert len(manifest) == len(files)
    with (finished_home.library_folder / "truth.csv").open() as stream:
        broken = {row["path"] for row in csv.DictReader(stream) if row["fault"] == "corrupt"}
    quarantined = {row["path"]: row["problem"] for row in manifest if row["status"] != "ok"}
    assert set(quarantined) == broken
    assert all(quarantined.values())
    for table in (*MEASURED, PROJECTION, CLUSTERS):
        assert ids(finished_home, table) == sorted(usable(finished_home)), table.name


def test_the_contract_files_exist(finished_home):
    for name in ("insight.duckdb", "report/index.html", "weights", "dagster", "latent_space"):
        assert (finished_home.home / name).exists(), name
    rows = database(finished_home).read("SELECT path, volume_path FROM heatmap_bundles").to_pylist()
    for row in rows:
        assert (finished_home.home / row["path"]).is_file()
        assert (finished_home.home / row["volume_path"]).is_file()


def test_runs_are_recorded_in_the_instance(finished_home):
    with open_instance(finished_home) as instance:
        jobs = {run.job_name for run in instance.get_runs()}
        assert jobs == {
            "measure_classes",
            "refit_latent_space",
            "place_classes",
            "explain_classes",
            "write_report",
        }
        assert len(instance.get_dynamic_partitions("action_class")) == 5


def test_a_second_run_computes_nothing(home_copy, quiet, monkeypatch):
    before = {table.name: database(home_copy).rows(table) for table in MEASURED}

    def refuse(*args, **kwargs):
        raise AssertionError("decoded again")

    monkeypatch.setattr("insight_dagster.analysis.metadata_table.decode_window", refuse)
    monkeypatch.setattr("insight_dagster.analysis.clip_inputs.decode_window", refuse)
    monkeypatch.setattr("insight_dagster.analysis.clip_manifest.probe", refuse)
    outcome = run_pipeline(home_copy, console=quiet)
    assert (outcome.failures, outcome.computed) == ((), 0)
    for table in MEASURED:
        assert database(home_copy).rows(table).equals(before[table.name]), table.name


def test_changes_cost_only_what_changed_and_equal_a_run_from_scratch(home_copy, tmp_path, quiet):
    library = home_copy.library_folder
    (library / "annotations.csv").unlink()
    clips = sorted((library / "train" / "abseiling").glob("*.mp4"))
    good = [clip for clip in clips if clip.stat().st_size > 10_000]
    good[0].unlink()
    good[1].rename(library / "val" / "abseiling" / "renamed.mp4")
    shutil.copy(good[2], library / "val" / "abseiling" / "copied.mp4")
    # Its old row is still there when the earlier class is materialized.
    climbing = max(library.glob("train/rock climbing/*.mp4"), key=lambda path: path.stat().st_size)
    climbing.rename(library / "train" / "abseiling" / "relabelled.mp4")
    make_library(tmp_path / "new", seed=9, clips_per_class=2, classes=("abseiling",))
    new = max((tmp_path / "new").rglob("*.mp4"), key=lambda path: path.stat().st_size)
    shutil.copy(new, library / "train" / "abseiling" / "new.mp4")
    computed = _computed_by_measuring(home_copy, quiet)
    assert computed == {"embeddings": 1, "metadata_table": 1}

    scratch = home_copy.model_copy(update={"home": tmp_path / "scratch", "library": library})
    assert run_pipeline(scratch, console=quiet).succeeded
    for table in (*MEASURED, CLUSTERS):
        _assert_same(database(home_copy).rows(table), database(scratch).rows(table), table.name)


def _computed_by_measuring(settings, console: Console) -> dict[str, int]:
    """Clips computed per measuring asset during one run over all classes."""
    assert run_pipeline(settings, console=console).succeeded
    counts: dict[str, int] = {}
    with open_instance(settings) as instance:
        newest = instance.get_runs()[: 5 * 3 + 2]
        for run in newest:
            for entry in instance.all_logs(run.run_id):
                event = entry.dagster_event
                if event and event.is_step_materialization:
                    found = event.step_materialization_data.materialization
                    name = found.asset_key.to_user_string()
                    if name in ("embeddings", "metadata_table"):
                        value = found.metadata["computed"].value
                        counts[name] = counts.get(name, 0) + value
    return counts


def _assert_same(left, right, name):
    assert left.column_names == right.column_names
    for column in left.column_names:
        if column == "space_id":
            continue
        ours, theirs = left[column].to_pylist(), right[column].to_pylist()
        if ours and isinstance(ours[0], float | list) and not isinstance(ours[0], str):
            if isinstance(ours[0], list) and ours[0] and isinstance(ours[0][0], str):
                assert ours == theirs, (name, column)
            else:
                np.testing.assert_allclose(
                    np.array(ours, float), np.array(theirs, float), atol=1e-5, err_msg=column
                )
        else:
            assert ours == theirs, (name, column)


def test_a_new_class_is_placed_without_a_refit_and_compared_with_all(home_copy, tmp_path, quiet):
    spaces = database(home_copy).read("SELECT space_id FROM latent_spaces")
    others = database(home_copy).rows(PROJECTION)
    library = home_copy.library_folder
    make_library(tmp_path / "new", seed=9, clips_per_class=6, classes=("skateboarding",))
    for split in ("train", "val", "test"):
        for folder in (tmp_path / "new" / split).glob("*"):
            shutil.copytree(folder, library / split / folder.name)
    outcome = run_pipeline(home_copy, classes=["skateboarding"], console=quiet)
    assert outcome.succeeded, outcome.failures
    assert database(home_copy).read("SELECT space_id FROM latent_spaces").equals(spaces)
    placed = database(home_copy).rows(PROJECTION)
    new = placed.filter(pc.equal(placed["class_name"], "skateboarding"))
    assert new.num_rows > 0 and not any(new["fitted"].to_pylist())
    assert placed.filter(pc.not_equal(placed["class_name"], "skateboarding")).equals(others)
    with open_instance(home_copy) as instance:
        (run,) = [
            each
            for each in instance.get_runs()
            if each.job_name == "explain_classes"
            and each.tags["dagster/partition"] == "skateboarding"
        ]
        materialized = [
            entry.dagster_event.step_materialization_data.materialization
            for entry in instance.all_logs(run.run_id)
            if entry.dagster_event and entry.dagster_event.is_step_materialization
        ]
    compared = next(one for one in materialized if one.asset_key.to_user_string() == "insights")
    assert compared.metadata["compared_with_clips"].value == placed.num_rows


def test_a_lost_latent_space_is_fitted_again(home_copy, quiet):
    (file,) = (home_copy.home / "latent_space").glob("*.npz")
    file.write_bytes(b"damaged")
    before = database(home_copy).rows(CLUSTERS)
    assert run_pipeline(home_copy, console=quiet).succeeded
    assert database(home_copy).rows(CLUSTERS).equals(before)


def test_another_model_takes_over_everything(home_copy, quiet):
    old = set(database(home_copy).rows(PREDICTIONS)["model_fingerprint"].to_pylist())
    labels = home_copy.home / "labels.txt"
    labels.write_text("\n".join(f"label {n}" for n in range(9)))
    other = home_copy.model_copy(update={"weights": "random", "labels": labels})
    assert run_pipeline(other, console=quiet).succeeded
    for table in (PREDICTIONS, EMBEDDINGS, LATENT_SPACES):
        found = database(home_copy).rows(table)["model_fingerprint"].to_pylist()
        assert found and (table is LATENT_SPACES or not old & set(found)), table.name
    page = (home_copy.report_folder / "index.html").read_text()
    assert "-random-" in page


def test_a_class_of_broken_files_only_does_not_stop_the_others(home_copy, quiet):
    folder = home_copy.library_folder / "train" / "yoga"
    folder.mkdir()
    (folder / "broken.mp4").write_text("no video")
    outcome = run_pipeline(home_copy, console=quiet)
    assert outcome.succeeded, outcome.failures
    rows = database(home_copy).rows(CLIP_MANIFEST, "yoga").to_pylist()
    assert [row["status"] for row in rows] == ["quarantined"]


def test_unknown_classes_are_named_with_those_that_exist(home_copy, quiet):
    with pytest.raises(UnknownClassError, match=r"no class 'skiing'.*abseiling"):
        run_pipeline(home_copy, classes=["skiing"], console=quiet)


def test_a_failing_class_does_not_lose_the_others(home_copy, quiet, monkeypatch):
    real = pipeline._Runner.run_stage

    def run_stage(self, stage):
        if stage.class_name == "abseiling" and "embeddings" in stage.assets:
            return pipeline.RunFailure(stage.title, stage.class_name, "broken on purpose")
        return real(self, stage)

    monkeypatch.setattr(pipeline._Runner, "run_stage", run_stage)
    (home_copy.report_folder / "index.html").unlink()
    outcome = run_pipeline(home_copy, console=quiet)
    assert [failure.class_name for failure in outcome.failures] == ["abseiling"]
    assert (home_copy.report_folder / "index.html").is_file()
