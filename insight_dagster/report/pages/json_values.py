"""Values of a frame as plain JSON values.

Belongs here: the conversion of one value or of rows. Does not: choosing what to convert.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

SIGNIFICANT_DIGITS = 5


def plain(value: Any) -> Any:
    """Return a value as a str, int, float of 5 significant digits, bool, list of these or None.

    Missing and infinite values are None.
    """
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(each) for each in value]
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return _rounded(float(value)) if math.isfinite(value) else None
    return str(value)


def plain_rows(frame: pd.DataFrame | None, columns: Sequence[str]) -> list[dict[str, Any]]:
    """Return some columns of every row as plain values; no rows where there is no frame."""
    if frame is None:
        return []
    records = zip(*(frame[name] for name in columns), strict=True)
    return [dict(zip(columns, map(plain, each), strict=True)) for each in records]


def _rounded(number: float) -> float | int:
    short = float(f"{number:.{SIGNIFICANT_DIGITS}g}")
    return int(short) if short.is_integer() and abs(short) < 2**53 else short
