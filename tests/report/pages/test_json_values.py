"""Values as plain JSON values."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from insight_dagster.report.pages.json_values import plain


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float32(0.5), 0.5),
        (1234567.0, 1234600),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (float("nan"), None),
        (pd.NA, None),
        (pd.NaT, None),
        ("x", "x"),
        (np.array(["a", "b"]), ["a", "b"]),
    ],
)
def test_values(value: object, expected: object) -> None:
    assert plain(value) == expected
    assert type(plain(value)) is type(expected)
