"""List columns of Arrow tables as matrices."""

from __future__ import annotations

import numpy as np
import pyarrow as pa


def matrix_of(rows: pa.Table, name: str, *, width: int = 0) -> np.ndarray:
    """Return a column of equally long lists as (n, w), without copying where Arrow allows it.

    Args:
        rows: n rows.
        name: a list or fixed-size list column without nulls.
        width: w where there are no rows to tell it.
    """
    if not rows.num_rows:
        return np.zeros((0, width), np.float32)
    column = rows[name].combine_chunks()
    return column.flatten().to_numpy(zero_copy_only=False).reshape(rows.num_rows, -1)
