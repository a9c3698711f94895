"""Values of a frame as plain JSON values.

Belongs here: the conversion of one value or column. Does not: choosing what to convert.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

SIGNIFICANT_DIGITS = 5


def plain(value: Any) -> Any:
    """A str, int, float of 5 significant digits, bool or None; missing and endless are None."""
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return _rounded(float(value)) if math.isfinite(value) else None
    return str(value)


def plain_column(column: pd.Series) -> dict[str, Any] | list[Any]:
    """A list of plain values; text with repeats as `{"labels": [...], "codes": [...]}`."""
    values = [plain(value) for value in column]
    if not any(isinstance(value, str) for value in values):
        return values
    labels = sorted({value for value in values if value is not None})
    if len(labels) > len(values) / 2:
        return values
    code = {label: index for index, label in enumerate(labels)}
    return {"labels": labels, "codes": [code.get(value, -1) for value in values]}


def _rounded(number: float) -> float | int:
    short = float(f"{number:.{SIGNIFICANT_DIGITS}g}")
    return int(short) if short.is_integer() and abs(short) < 2**53 else short
