"""Everything through Dagster: complete, incremental, and the same as from scratch."""

import csv
import shutil

import dagster as dg
import numpy as np
import pyarrow.compute as pc
import pytest

from insight_dagster.analysis.metadata.contact_sheets import sheet_path
from insight_dagster.commands.console import Console
from insight_dagster.commands.home import open_instance
from insight_dagster.commands.run.local_run import run_pipeline
from insight_dagster.commands.show.classes import remove_class
from insight_dagster.database import Database
from insight_dagster.database.writes import ReplacePartition
from insight_dagster.demo.library.make_library import make_library
from insight_dagster.errors import LibraryError, UnknownClassError
from insight_dagster.orchestration.dagster_internals import RANGE_START_TAG
from insight_dagster.orchestration.run_events import materializations
from insight_dagster.pipeline.measuring import embedding
from insight_dagster.report.runs import known_runs
from insight_dagster.tables import (
    CLIP_MANIFEST,
    CLUSTERS,
    EMBEDDINGS,
    HEATMAP_BUNDLES,
    LATENT_SPACES,
    METADATA_FRAMES,
    METADATA_TABLE,
    PREDICTIONS,
    PROJECTION,
    STEP_FAILURES,
    TABLES,
)
from tests.analysis.metadata.test_user_functions import install
from tests.conftest import CLIPS_PER_CLASS

pytestmark = pytest.mark.slow
MEASURED = (EMBEDDINGS, PREDICTIONS, METADATA_TABLE, METADATA_FRAMES)


def database(settings) -> Database:
    return Database(settings.folders.database)


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
            "extract_features",
            "refit_latent_space",
            "place_classes",
            "explain_classes",
            "evaluate_checks",
            "write_report",
        }
        assert len(instance.get_dynamic_partitions("action_class")) == 5


def test_a_second_run_computes_nothing(home_copy, finished_home, quiet, monkeypatch):
    # A copied file has another change time and would be hashed again.
    home_copy = home_copy.model_copy(update={"library": finished_home.library_folder})
    before = {table.name: database(home_copy).rows(table) for table in MEASURED}

    def refuse(*args, **kwargs):
        raise AssertionError("decoded again")

    monkeypatch.setattr("insight_dagster.analysis.metadata.metadata_table.decode_window", refuse)
    monkeypatch.setattr("insight_dagster.analysis.model.clip_inputs.decode_window", refuse)
    monkeypatch.setattr("insight_dagster.analysis.clip_library.clip_manifest.probe", refuse)
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


def test_a_new_metadata_function_measures_every_clip_again_and_embeds_none(
    home_copy, tmp_path, quiet, monkeypatch
):
    install(tmp_path / "site", "sky_package", {"sky": "sky"})
    monkeypatch.syspath_prepend(tmp_path / "site")
    clips = len(usable(home_copy))
    assert _computed_by_measuring(home_copy, quiet) == {"embeddings": 0, "metadata_table": clips}
    values = [
        dict(extra) for extra in database(home_copy).rows(METADATA_TABLE)["extra"].to_pylist()
    ]
    assert len(values) == clips
    assert all(0 <= each["sky.blue"] <= 255 for each in values)
    assert _computed_by_measuring(home_copy, quiet) == {"embeddings": 0, "metadata_table": 0}


def _computed_by_measuring(settings, console: Console) -> dict[str, int]:
    """Clips computed per measuring asset during one run over all classes."""
    assert run_pipeline(settings, console=console).succeeded
    with open_instance(settings) as instance:
        (newest,) = instance.get_runs(dg.RunsFilter(job_name="extract_features"), limit=1)
        counts: dict[str, int] = {}
        for event in materializations(instance, [newest.run_id]):
            name = event.asset_key.to_user_string()
            if name in ("embeddings", "metadata_table"):
                counts[name] = counts.get(name, 0) + int(event.metadata["computed"].value)
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
        (run,) = instance.get_runs(dg.RunsFilter(job_name="explain_classes"), limit=1)
        assert run.tags[RANGE_START_TAG] == "skateboarding"
        events = list(materializations(instance, [run.run_id]))
    compared = next(one for one in events if one.asset_key.to_user_string() == "insights")
    assert compared.metadata["compared_with_clips"].value == str(placed.num_rows)


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
    assert "-random-" in known_runs(home_copy.folders.report)[0]["model_fingerprint"]


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


def test_a_failing_class_does_not_lose_the_others(home_copy, tmp_path, quiet, monkeypatch):
    library = home_copy.library_folder
    make_library(tmp_path / "new", seed=9, clips_per_class=2, classes=("abseiling", "snowboarding"))
    for clip in (tmp_path / "new" / "train").rglob("*.mp4"):
        shutil.copy(clip, library / "train" / clip.parent.name / clip.name)
    (library / "annotations.csv").unlink()
    real = embedding.embed_clips

    def embed_clips(clips, *args, **kwargs):
        if any(clip.class_name == "abseiling" for clip in clips):
            raise MemoryError("broken on purpose")
        return real(clips, *args, **kwargs)

    before = database(home_copy).rows(EMBEDDINGS, "abseiling")
    monkeypatch.setattr("insight_dagster.pipeline.measuring.embedding.embed_clips", embed_clips)
    outcome = run_pipeline(home_copy, console=quiet)
    assert {failure.class_name for failure in outcome.failures} == {"abseiling"}
    assert "broken on purpose" in outcome.failures[0].reason
    store = database(home_copy)
    assert store.rows(EMBEDDINGS, "abseiling").equals(before), "the last good rows stay"
    (failed,) = [row for row in store.rows(STEP_FAILURES).to_pylist() if row["asset"] != "verdict"]
    assert (failed["asset"], failed["class_name"]) == ("embeddings", "abseiling")
    newest = store.read("SELECT * FROM latent_spaces ORDER BY sequence DESC LIMIT 1").to_pylist()
    assert "abseiling" not in newest[0]["classes"]
    placed = store.read("SELECT DISTINCT class_name, space_id FROM projection").to_pylist()
    assert {row["class_name"] for row in placed if row["space_id"] == newest[0]["space_id"]} == {
        "disc golfing", "playing basketball", "rock climbing", "snowboarding",
    }  # fmt: skip

    monkeypatch.undo()
    outcome = run_pipeline(home_copy, console=quiet)
    assert outcome.succeeded, outcome.failures
    assert ids(home_copy, PROJECTION) == sorted(usable(home_copy))


def test_a_class_that_left_the_library_keeps_its_rows_until_it_is_removed(home_copy, quiet):
    for folder in home_copy.library_folder.glob("*/snowboarding"):
        shutil.rmtree(folder)
    (home_copy.library_folder / "annotations.csv").unlink()
    with pytest.raises(LibraryError, match="still has clips of 'abseiling'"):
        remove_class(home_copy, "abseiling", confirm=lambda _: True, console=quiet)
    before = database(home_copy).rows(EMBEDDINGS, "snowboarding")
    assert before.num_rows
    outcome = run_pipeline(home_copy, console=quiet)
    assert outcome.succeeded, outcome.failures
    assert database(home_copy).rows(EMBEDDINGS, "snowboarding").equals(before)

    remove_class(home_copy, "snowboarding", confirm=lambda _: False, console=quiet)
    assert database(home_copy).rows(EMBEDDINGS, "snowboarding").num_rows
    pictures = [home_copy.home / "heatmaps" / name for name in ("of_the_class.png", "volume.npz")]
    stranger = home_copy.home / "notes.txt"
    for file in (*pictures, stranger):
        file.write_text("a file")
    bundle = database(home_copy).rows(HEATMAP_BUNDLES).to_pylist()[0]
    bundle |= {"class_name": "snowboarding"}
    found, volume = (f"heatmaps/{file.name}" for file in pictures)
    rows = HEATMAP_BUNDLES.from_rows(
        [
            bundle | {"clip_id": "one", "path": found, "volume_path": volume},
            bundle
            | {"clip_id": "two", "path": "notes.txt", "volume_path": "heatmaps/../notes.txt"},
        ]
    )
    database(home_copy).write(ReplacePartition(HEATMAP_BUNDLES, rows, "snowboarding"))
    sheets = home_copy.home / "sheets"
    gone, kept = (
        {sheet_path(sheets, key) for key in rows["content_key"].to_pylist() if key}
        for rows in (
            database(home_copy).rows(CLIP_MANIFEST, name) for name in ("snowboarding", "abseiling")
        )
    )
    gone -= kept
    assert any(path.is_file() for path in gone)
    asked = []
    remove_class(
        home_copy, "snowboarding", confirm=lambda what: asked.append(what) or True, console=quiet
    )
    assert f"all rows of {CLIPS_PER_CLASS} clips" in asked[0]
    for table in TABLES:
        if "class_name" in table.column_names:
            assert database(home_copy).rows(table, "snowboarding").num_rows == 0, table.name
    assert not any(file.exists() for file in (*pictures, *gone))
    assert any(path.is_file() for path in kept)
    assert stranger.exists()
    with open_instance(home_copy) as instance:
        assert "snowboarding" not in instance.get_dynamic_partitions("action_class")
    with pytest.raises(UnknownClassError, match="no class 'snowboarding'"):
        remove_class(home_copy, "snowboarding", confirm=lambda _: True, console=quiet)
