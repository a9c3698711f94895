"""Exports: every clip and insight, every column explained, nothing overwritten."""

import cv2
import duckdb
import numpy as np
import pytest

from insight_dagster.commands.run.export import export_home
from insight_dagster.database import Database
from insight_dagster.errors import SettingsError
from insight_dagster.tables import CLIP_MANIFEST, INSIGHT_MEMBERS, INSIGHTS, PREDICTIONS, PROJECTION


def read(folder, name):
    (path,) = folder.glob(f"{name}.*")
    reader = duckdb.read_parquet if path.suffix == ".parquet" else duckdb.read_csv
    return reader(str(path)).to_arrow_table()


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_every_clip_and_insight_is_exported(finished_home, tmp_path, quiet, kind):
    folder = tmp_path / "nested" / "out"
    export_home(finished_home, kind, folder, console=quiet)
    store = Database(finished_home.folders.database)
    clips, manifest = read(folder, "clips"), store.rows(CLIP_MANIFEST)
    assert clips["clip_id"].to_pylist() == sorted(manifest["clip_id"].to_pylist())
    assert set(clips["status"].to_pylist()) == {"ok", "quarantined"}
    exported = dict(zip(clips["clip_id"].to_pylist(), clips["predicted"].to_pylist(), strict=True))
    predicted = store.rows(PREDICTIONS)
    for clip, label in zip(
        *(predicted[c].to_pylist() for c in ("clip_id", "predicted")), strict=True
    ):
        assert exported[clip] == label
    assert read(folder, "insights").num_rows == store.rows(INSIGHTS).num_rows > 0
    assert (folder / "embeddings.parquet").exists() == (kind == "parquet")
    explained = {
        (row["table"], row["column"]): row["description"]
        for row in read(folder, "columns").to_pylist()
    }
    for path in folder.glob("*.*"):
        if path.stem != "columns":
            names = read(folder, path.stem).column_names
            assert all(explained[path.stem, name] for name in names)
    assert [each.name for each in folder.parent.iterdir()] == ["out"]


def test_clips_name_the_insights_that_they_are_core_members_of(finished_home, tmp_path, quiet):
    export_home(finished_home, "parquet", tmp_path / "out", console=quiet)
    members = Database(finished_home.folders.database).rows(INSIGHT_MEMBERS).to_pylist()
    core = {(row["clip_id"], row["insight_id"]) for row in members if row["weight"] >= 0.5}
    clips = read(tmp_path / "out", "clips").to_pylist()
    assert {(row["clip_id"], each) for row in clips for each in row["insights"]} == core


def test_embedding_atlas_is_given_places_neighbours_and_key_frames(finished_home, tmp_path, quiet):
    folder = tmp_path / "atlas"
    export_home(finished_home, "embedding-atlas", folder, console=quiet)
    clips = read(folder, "clips").to_pylist()
    placed = Database(finished_home.folders.database).rows(PROJECTION)
    assert {row["clip_id"] for row in clips} == set(placed["clip_id"].to_pylist())
    for row, clip in enumerate(clips):
        near = clip["neighbors"]
        assert row not in near["ids"]
        assert near["distances"] == sorted(near["distances"])
        assert max(near["ids"]) < len(clips)
        frame = cv2.imdecode(np.frombuffer(clip["key_frame"]["bytes"], np.uint8), cv2.IMREAD_COLOR)
        assert frame.shape == (128, 128, 3)
        assert frame.std() > 1
    assert "embedding-atlas clips.parquet --x x --y y" in (folder / "README.md").read_text()


def test_nothing_is_overwritten_and_nothing_half_is_left(finished_home, tmp_path, quiet):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "mine.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    for taken in ("kept", "file"):
        with pytest.raises(SettingsError, match="exists already"):
            export_home(finished_home, "csv", tmp_path / taken, console=quiet)
    with pytest.raises(SettingsError, match="unknown format 'xls'; choose from csv, .*parquet"):
        export_home(finished_home, "xls", tmp_path / "new", console=quiet)
    with pytest.raises(SettingsError, match="cannot be written"):
        export_home(finished_home, "csv", tmp_path / "file" / "below", console=quiet)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["file", "kept"]
