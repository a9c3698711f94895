"""A clip as a sample: window, size, tags and the fields of users' own functions."""

from insight_dagster.export.fiftyone.samples import (
    COLUMNS,
    ClipParts,
    extra_fields,
    sample,
    sample_fields,
)

HOSTILE = '../../x\n"); import os #\u202e$where.日本' + "a" * 300


def test_values_of_own_functions_become_fields_without_dots():
    fields = sample_fields(["mine.share", "mine.$where"])
    assert {"extra_mine_share", "extra_mine__where"} <= {each["name"] for each in fields}
    names = ["a b", "a.b", "a.b_2", "id"]
    assert extra_fields(["id"]) == {"id": "extra_id"}
    assert len(set(extra_fields(names).values())) == len(names)


def test_a_part_of_a_turned_file_has_its_frames_and_its_upright_size():
    row = dict.fromkeys([column.name for column in COLUMNS])
    row |= {
        "clip_id": "one", "class_name": HOSTILE, "path": "a.mp4", "split": "", "insights": [],
        "extra": [("mine.share", float("nan"))], "predicted": None, "width": 340, "height": 256,
        "rotation": 90, "fps": 25.0, "frames": 250, "window_start": 2.0, "window_end": 4.0,
        "loss": float("inf"), "size_bytes": 1, "duration_seconds": 10.0, "codec": "h264",
    }  # fmt: skip
    extra = extra_fields(["mine.share"])
    document = sample(row, "/a.mp4", ClipParts({}, {}, {}, {}, extra))
    assert document["window"]["support"] == [51, 100]
    assert [document["metadata"][f"frame_{side}"] for side in ("width", "height")] == [256, 340]
    assert document["tags"] == []
    assert document["ground_truth"]["label"] == HOSTILE
    assert not {"predictions", "loss", "extra_mine_share", "heatmap"} & set(document)
    late = sample(
        row | {"window_start": 99.0, "window_end": None}, "/a.mp4", ClipParts({}, {}, {}, {}, extra)
    )
    assert late["window"]["support"] == [250, 250]


def test_a_split_is_no_insight_and_a_window_begins_at_its_frame():
    row = dict.fromkeys([column.name for column in COLUMNS])
    row |= {
        "clip_id": "one", "class_name": "a", "path": "a.mp4", "split": "insight:leak:a:1",
        "insights": [], "extra": [], "predicted": None, "width": 340, "height": 256,
        "codec": "h264", "rotation": 0, "fps": 100.0, "frames": 250,
        "window_start": 0.29, "window_end": 0.57, "size_bytes": 1, "duration_seconds": 2.5,
    }  # fmt: skip
    document = sample(row, "/a.mp4", ClipParts({}, {}, {}, {}, {}))
    assert document["tags"] == ["insight_leak_a_1"]
    assert document["window"]["support"] == [30, 57]
