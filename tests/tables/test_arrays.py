"""List columns as matrices."""

import pyarrow as pa

from insight_dagster.tables.arrays import matrix_of


def test_sliced_and_chunked_rows_keep_their_values():
    for kind in (pa.list_(pa.float32()), pa.list_(pa.float32(), 2)):
        part = pa.table({"v": pa.array([[0, 1], [2, 3], [4, 5]], kind)})
        rows = pa.concat_tables([part.slice(1), part.slice(0, 1)])
        assert matrix_of(rows, "v").tolist() == [[2, 3], [4, 5], [0, 1]]


def test_no_rows_have_the_width_that_is_asked_for():
    rows = pa.table({"v": pa.array([], pa.list_(pa.float32()))})
    assert matrix_of(rows, "v", width=7).shape == (0, 7)
