"""What the insights are given to explain clips with: measured, from the container, the user's."""

import numpy as np
import pyarrow as pa
import pytest

from insight_dagster.analysis.insights.clip_table import ClipTable, clip_table_of
from insight_dagster.tables import METADATA_FIELDS
from tests.support.synthetic_clips import null_clips, with_values


def joined_rows(extra: list[dict]) -> pa.Table:
    """Rows as the join of the tables gives them."""
    count = len(extra)
    columns = {
        "clip_id": [f"{number}" for number in range(count)],
        "class_name": ["a"] * count,
        "split": ["train"] * count,
        "content_key": ["k"] * count,
        "fps": [25.0] * count,
        "width": [340] * count,
        "height": [256] * count,
        "duration_seconds": [10.0] * count,
        "has_audio": [number % 2 == 0 for number in range(count)],
        "size_bytes": [125_000] * count,
        "predicted": ["a"] * count,
        **{name: [0.5] * count for name in ("probability", "loss", "strength")},
        "correct": [True] * count,
        "cluster": [0] * count,
        "logits": pa.array([[1.0, 0.0]] * count, pa.list_(pa.float32())),
        "signature": pa.array([[1, 2]] * count, pa.list_(pa.uint8())),
        **{column.name: pa.array([None] * count, pa.float64()) for column in METADATA_FIELDS},
        "extra": pa.array([list(each.items()) for each in extra], pa.map_("string", "double")),
    }
    return pa.table(columns)


def test_facts_of_the_container_and_values_of_the_user_are_fields_like_the_others():
    rows = joined_rows([{"sky.blue": 3.0}, {}, {"glare.share": None, "sky.blue": 1.0}])
    names, values = clip_table_of(rows, np.zeros((3, 2)), ("a", "b")).numeric_metadata()
    fields = dict(zip(names, values.T, strict=True))
    assert {column.name for column in METADATA_FIELDS} < set(names)
    assert fields["has_audio"].tolist() == [1, 0, 1]
    assert fields["bit_rate"].tolist() == pytest.approx([100_000] * 3)
    np.testing.assert_array_equal(fields["sky.blue"], [3, np.nan, 1])
    assert np.isnan(fields["glare.share"]).all()


def test_without_functions_of_the_user_there_are_no_more_fields():
    names, _ = clip_table_of(joined_rows([{}, {}]), np.zeros((2, 2)), ("a", "b")).numeric_metadata()
    assert set(names) - {column.name for column in METADATA_FIELDS} == {
        "fps", "width", "height", "duration_seconds", "has_audio", "bit_rate",
    }  # fmt: skip


def test_the_clip_table_refuses_what_does_not_fit_together():
    clips = null_clips(seed=0, clips=20)
    with pytest.raises(ValueError, match="one row per clip"):
        with_values(clips, loss=clips.loss[:-1])
    with pytest.raises(ValueError, match="repeat"):
        with_values(clips, clip_ids=np.full(20, "x"))
    with pytest.raises(ValueError, match="one model label per column"):
        with_values(clips, model_labels=("abseil",))
    assert isinstance(clips.take(np.array([3])), ClipTable)
