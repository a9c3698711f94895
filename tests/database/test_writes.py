"""Writes: what each kind does to the rows, also when two runs of one class overlap."""

import pyarrow as pa
import pytest

from insight_dagster.database import Database
from insight_dagster.database.writes import (
    Deletion,
    MergeRows,
    ReplacePartition,
    Upsert,
    forget_class,
)
from insight_dagster.errors import DatabaseError
from insight_dagster.tables import CLIP_MANIFEST, EMBEDDINGS, STEP_FAILURES, TABLES


def manifest(class_name: str, *clips: str, quarantined: tuple[str, ...] = ()) -> ReplacePartition:
    """Return the write of manifest rows whose ids are `class:content`."""
    blank = dict.fromkeys(CLIP_MANIFEST.column_names)
    rows = [
        blank
        | {
            "clip_id": f"{class_name}:{content}",
            "class_name": class_name,
            "path": content,
            "split": "train",
            "content_key": content,
            "window_start": 0.0,
            "status": "quarantined" if content in quarantined else "ok",
        }
        for content in clips
    ]
    return ReplacePartition(CLIP_MANIFEST, CLIP_MANIFEST.from_rows(rows), class_name)


def vectors(class_name: str, **contents: float) -> MergeRows:
    rows = pa.table(
        {
            "clip_id": [f"{class_name}:{content}" for content in contents],
            "class_name": pa.array([class_name] * len(contents), pa.string()),
            "content_key": pa.array(list(contents), pa.string()),
            "model_fingerprint": pa.array(["m"] * len(contents), pa.string()),
            "embedding": pa.array(
                [[value, value] for value in contents.values()], pa.list_(pa.float32())
            ),
        }
    )
    return MergeRows(EMBEDDINGS, rows, class_name)


@pytest.fixture
def database(tmp_path):
    return Database(tmp_path / "insight.duckdb", lock_timeout_seconds=2)


def stored(database):
    rows = database.rows(EMBEDDINGS).to_pylist()
    return {row["clip_id"]: row["embedding"][0] for row in rows}


def test_merging_replaces_adds_and_drops(database):
    database.write(manifest("a", "x", "y"), vectors("a", x=1, y=2))
    database.write(manifest("a", "y", "z"), vectors("a", y=3, z=4))
    assert stored(database) == {"a:y": 3, "a:z": 4}


def test_a_run_that_read_an_older_manifest_loses_no_row_of_the_newer_one(database):
    database.write(manifest("a", "x", "y"))
    slow = vectors("a", x=1, y=2)  # computed from this manifest ...
    database.write(manifest("a", "y", "z"), vectors("a", y=3, z=4))
    database.write(slow)  # ... and written after a newer run had ended
    assert stored(database) == {"a:y": 2, "a:z": 4}


def test_a_quarantined_clip_gets_no_row(database):
    database.write(manifest("a", "x", "y", quarantined=("y",)), vectors("a", x=1, y=2))
    assert stored(database) == {"a:x": 1}


def test_other_classes_keep_their_rows(database):
    database.write(manifest("a", "x"), manifest("b", "z"), vectors("a", x=1), vectors("b", z=9))
    database.write(manifest("a"), vectors("a"))
    assert stored(database) == {"b:z": 9}


def test_a_relabelled_clip_takes_its_row_along(database):
    database.write(manifest("a", "x", "y"), manifest("b"), vectors("a", x=1, y=2))
    database.write(manifest("a", "y"), manifest("b", "x"), vectors("a", y=2))
    assert stored(database) == {"a:y": 2, "b:x": 1}
    # Its own class's run, which finds the row, changes nothing more.
    database.write(vectors("b", x=1))
    assert stored(database) == {"a:y": 2, "b:x": 1}


def test_upsert_puts_a_row_in_place_of_the_one_with_its_key(database):
    def failure(class_name, reason):
        row = {"asset": "embeddings", "class_name": class_name, "reason": reason, "run_id": "r"}
        return Upsert(STEP_FAILURES, STEP_FAILURES.from_rows([row | {"failed_at": 0}]))

    database.write(failure("a", "first"), failure("b", "other"))
    database.write(failure("a", "second"))
    rows = database.rows(STEP_FAILURES).to_pylist()
    assert [(row["class_name"], row["reason"]) for row in rows] == [("a", "second"), ("b", "other")]
    database.write(Deletion(STEP_FAILURES, {"asset": "embeddings", "class_name": "a"}))
    assert database.rows(STEP_FAILURES)["class_name"].to_pylist() == ["b"]


def test_forgetting_a_class_reaches_every_table_that_knows_classes(database):
    database.write(manifest("a", "x"), manifest("b", "z"), vectors("a", x=1), vectors("b", z=9))
    database.write(*forget_class("a"))
    assert database.rows(CLIP_MANIFEST)["class_name"].to_pylist() == ["b"]
    assert stored(database) == {"b:z": 9}
    reached = {write.table.name for write in forget_class("a")}
    assert reached == {table.name for table in TABLES if "class_name" in table.column_names}


def test_a_deletion_names_columns_that_exist():
    with pytest.raises(DatabaseError, match=r"no columns \['colour'\]"):
        Deletion(STEP_FAILURES, {"colour": "red"})
    with pytest.raises(DatabaseError, match="to delete by"):
        Deletion(STEP_FAILURES, {})
