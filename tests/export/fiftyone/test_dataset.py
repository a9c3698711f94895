"""The FiftyOne dataset: fields, values, tags and heatmaps are the database's; FiftyOne reads it.

Where `fiftyone` and its database are installed, one test opens the folder with FiftyOne's own code.
"""

import base64
import io
import json
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from insight_dagster.commands.run.export import export_home
from insight_dagster.database import Database
from insight_dagster.errors import SettingsError
from insight_dagster.tables import (
    CLIP_MANIFEST,
    CLUSTERS,
    EMBEDDINGS,
    HEATMAP_BUNDLES,
    INSIGHT_MEMBERS,
    INSIGHTS,
    METADATA_TABLE,
    PREDICTIONS,
    PROJECTION,
)
from insight_dagster.tables.metadata import METADATA_FIELDS


@pytest.fixture(scope="module")
def folder(finished_home, tmp_path_factory, quiet):
    folder = tmp_path_factory.mktemp("fiftyone") / "out"
    export_home(finished_home, "fiftyone", folder, console=quiet)
    return folder


def read(folder, name):
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))


def by_clip(folder):
    return {each["clip_id"]: each for each in read(folder, "samples")["samples"]}


def stored_array(value):
    assert value["$binary"]["subType"] == "00"
    packed = base64.b64decode(value["$binary"]["base64"])
    return np.load(io.BytesIO(zlib.decompress(packed)))


def check_declared(document, fields):
    declared = {each["db_field"]: each for each in fields}
    assert len(declared) == len(fields)
    for name, value in document.items():
        if name != "_cls":
            assert name in declared
            assert (value is None) or isinstance(value, types_of(declared[name]["ftype"]))
            if declared[name]["embedded_doc_type"]:
                assert declared[name]["embedded_doc_type"].endswith(f".{value['_cls']}")
                check_declared(value, declared[name]["fields"])


def types_of(ftype):
    return {
        "StringField": str,
        "FloatField": float,
        "IntField": int,
        "FrameNumberField": int,
        "BooleanField": bool,
        "ListField": list,
        "FrameSupportField": list,
        "HeatmapRangeField": list,
    }.get(ftype.rsplit(".", 1)[1], dict)


def test_every_field_is_declared_with_its_type(folder):
    metadata = read(folder, "metadata")
    assert metadata["media_type"] == "video"
    for each in read(folder, "samples")["samples"]:
        check_declared(each, metadata["sample_fields"])
    for each in read(folder, "frames")["frames"]:
        check_declared(each, metadata["frame_fields"])


def test_every_usable_clip_is_a_sample_with_its_video(folder, finished_home, store):
    samples = by_clip(folder)
    usable = [row for row in store.rows(CLIP_MANIFEST).to_pylist() if row["status"] == "ok"]
    assert set(samples) == {row["clip_id"] for row in usable}
    assert len({each["_id"]["$oid"] for each in samples.values()}) == len(samples)
    for row in usable:
        each = samples[row["clip_id"]]
        assert Path(each["filepath"]) == finished_home.library_folder / row["path"]
        assert Path(each["filepath"]).is_file()
        assert each["metadata"]["total_frame_count"] == row["frames"]
        first, last = each["window"]["support"]
        assert 1 <= first < last <= row["frames"]


def test_samples_say_what_the_tables_say(folder, store):
    samples = by_clip(folder)
    names = {
        PREDICTIONS: ("loss", "correct", "margin", "entropy", "probability"),
        PROJECTION: ("x", "y", "pca_x", "pca_y"),
        CLUSTERS: ("cluster", "strength"),
        METADATA_TABLE: tuple(column.name for column in METADATA_FIELDS),
        CLIP_MANIFEST: ("content_key", "window_start", "window_end", "path"),
    }
    compared = 0
    for table, columns in names.items():
        for row in store.rows(table).to_pylist():
            for name in columns if row["clip_id"] in samples else ():
                assert samples[row["clip_id"]].get(name) == row[name]
                compared += 1
    assert compared > 1000
    for row in store.rows(PREDICTIONS).to_pylist():
        each = samples[row["clip_id"]]
        assert each["ground_truth"]["label"] == row["class_name"]
        assert each["predictions"]["label"] == row["predicted"]
        assert each["predictions"]["confidence"] == row["top5_probabilities"][0]
        logits = stored_array(each["predictions"]["logits"])
        np.testing.assert_array_equal(logits, np.float32(row["logits"]))
    for row in store.rows(EMBEDDINGS).to_pylist():
        vector = stored_array(samples[row["clip_id"]]["embedding"])
        np.testing.assert_array_equal(vector, np.float32(row["embedding"]))


def test_tags_are_the_split_and_the_insights_of_core_members(folder, store):
    metadata, samples = read(folder, "metadata"), by_clip(folder)
    summaries = {each["insight_id"]: each for each in metadata["info"]["insights"]}
    insights = {row["insight_id"]: row for row in store.rows(INSIGHTS).to_pylist()}
    assert set(summaries) == set(insights)
    for one, row in insights.items():
        assert summaries[one]["tag"] == f"insight:{row['kind']}:{row['class_name']}:{one[:8]}"
        for name in ("sentence", "action", "q_value", "size"):
            assert summaries[one][name] == row[name]
    split = {row["clip_id"]: row["split"] for row in store.rows(CLIP_MANIFEST).to_pylist()}
    expected = {clip: {split[clip]} - {""} for clip in samples}
    for row in store.rows(INSIGHT_MEMBERS).to_pylist():
        if row["weight"] >= 0.5:
            expected[row["clip_id"]].add(summaries[row["insight_id"]]["tag"])
    assert {clip: set(each["tags"]) for clip, each in samples.items()} == expected
    views = {each["name"]: json.loads(each["view_stages"][0]) for each in metadata["saved_views"]}
    text = (folder / "README.txt").read_text()
    for each in summaries.values():
        assert views[each["view"]]["kwargs"][0] == ["tags", [each["tag"]]]
        assert f'dataset.match_tags("{each["tag"]}")' in text


def test_layouts_of_the_embeddings_panel_are_the_projection(folder, store):
    samples = {each["_id"]["$oid"]: each for each in read(folder, "samples")["samples"]}
    assert set(read(folder, "metadata")["brain_methods"]) == {"tsne", "pca"}
    for key, axes in (("tsne", ("x", "y")), ("pca", ("pca_x", "pca_y"))):
        run = read(folder / "brain", key)
        assert len(run["sample_ids"]) == store.rows(PROJECTION).num_rows
        for one, point in zip(run["sample_ids"], run["points"], strict=True):
            assert [samples[one][axis] for axis in axes] == point


def test_heatmaps_lie_in_the_folder_and_on_the_frames_that_the_model_saw(folder, store):
    samples, frames = by_clip(folder), read(folder, "frames")["frames"]
    bundles = {row["clip_id"] for row in store.rows(HEATMAP_BUNDLES).to_pylist()}
    assert {clip for clip, each in samples.items() if "heatmap" in each} == bundles
    assert bundles
    for clip in bundles:
        label, facts = samples[clip]["heatmap"], samples[clip]["metadata"]
        picture = cv2.imread(str(folder / label["map_path"]), cv2.IMREAD_UNCHANGED)
        assert label["map_path"].startswith("fields/heatmap/")
        assert label["range"] == [0.0, 255.0]
        assert picture.dtype == np.uint8
        assert picture.max() == 255
        shape = facts["frame_width"] / facts["frame_height"]
        assert picture.shape[1] / picture.shape[0] == pytest.approx(shape, rel=0.02)
        own = [each for each in frames if each["_sample_id"] == samples[clip]["_id"]]
        numbers = [each["frame_number"] for each in own]
        assert numbers == list(range(numbers[0], numbers[-1] + 1))
        assert 1 <= numbers[0] < numbers[-1] <= facts["total_frame_count"]
        maps = [stored_array(each["heatmap"]["map"]) for each in own]
        assert all(each.dtype == np.uint8 and each.shape == maps[0].shape for each in maps)
        assert max(each.max() for each in maps) > 200


def test_a_second_export_has_the_same_bytes(folder, finished_home, tmp_path, quiet):
    export_home(finished_home, "fiftyone", tmp_path / "again", console=quiet)
    names = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    again = tmp_path / "again"
    assert {path.relative_to(again) for path in again.rglob("*") if path.is_file()} == names
    assert all((again / name).read_bytes() == (folder / name).read_bytes() for name in names)
    assert [each.name for each in tmp_path.iterdir()] == ["again"]


def test_videos_are_copied_when_asked_and_missing_ones_left_out(home_copy, tmp_path, quiet):
    gone, *_ = sorted(home_copy.library_folder.rglob("*.mp4"))
    gone.unlink()
    out = tmp_path / "copied"
    export_home(home_copy, "fiftyone", out, console=quiet, copy_media=True)
    samples = read(out, "samples")["samples"]
    manifest = Database(home_copy.folders.database).rows(CLIP_MANIFEST).to_pylist()
    left = str(gone.relative_to(home_copy.library_folder))
    usable = {row["path"] for row in manifest if row["status"] == "ok"}
    assert {each["path"] for each in samples} == usable - {left}
    for each in samples:
        source = home_copy.library_folder / each["path"]
        assert Path(each["filepath"]).parent == Path("data")
        assert (out / each["filepath"]).read_bytes() == source.read_bytes()
    with pytest.raises(SettingsError, match="--copy-media goes with the format fiftyone"):
        export_home(home_copy, "csv", tmp_path / "csv", console=quiet, copy_media=True)


def test_fiftyone_reads_it(folder, monkeypatch, tmp_path):
    """With FiftyOne's importer, in a database of its own; skipped where that cannot be had."""
    monkeypatch.setenv("FIFTYONE_DATABASE_DIR", str(tmp_path / "mongo"))
    monkeypatch.setenv("FIFTYONE_DO_NOT_TRACK", "true")
    fiftyone = pytest.importorskip("fiftyone", exc_type=Exception)
    dataset = fiftyone.Dataset.from_dir(
        dataset_dir=str(folder), dataset_type=fiftyone.types.FiftyOneDataset, name="insight-test"
    )
    try:
        samples = by_clip(folder)
        assert dataset.media_type == "video"
        assert set(dataset.values("clip_id")) == set(samples)
        for each in dataset.iter_samples():
            vector = stored_array(samples[each["clip_id"]]["embedding"])
            np.testing.assert_array_equal(each["embedding"], vector)
        for info in dataset.info["insights"]:
            view = dataset.load_saved_view(info["view"])
            assert view.values("id") == dataset.match_tags(info["tag"]).values("id")
        shown = dataset.exists("heatmap").first()
        assert shown["heatmap"].get_map().max() == 255
        assert next(iter(shown.frames.values()))["heatmap"].map.dtype == np.uint8
        assert len(dataset.load_brain_results("tsne").points) == len(samples)
    finally:
        dataset.delete()
