"""List columns of Arrow tables as matrices."""

from __future__ import annotations

import numpy as np
import pyarrow as pa


def matrix_of(rows: pa.Table, name: str, *, width: int = 0) -> np.ndarray:
    """Return a column of lists of one length as a matrix (n, w), without a copy where possible.

    Args:
        rows: n rows.
        name: a list or fixed-size list column without nulls.
        width: w of the result if there are no rows.
    """
    if not rows.num_rows:
        return np.zeros((0, width), np.float32)
    column = rows[name].combine_chunks()
    return column.flatten().to_numpy(zero_copy_only=False).reshape(rows.num_rows, -1)
