"""Packing values for the page: columns as bytes, everything else as JSON.

Belongs here: how a value is written. Does not: which values are (`pages/`). The page unpacks them
in `static/core/columns.js`.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

_MOST_LEVELS = 65_535


def pack_array(values: np.ndarray) -> dict[str, Any]:
    """Return numbers as base64 of little-endian bytes; float64 becomes float32, int64 int32."""
    array = np.asarray(values)
    kinds = {"f8": "f4", "i8": "i4", "b1": "u1", "u8": "i4"}
    kind = kinds.get(array.dtype.str[1:], array.dtype.str[1:])
    data = np.ascontiguousarray(array, dtype=f"<{kind}").tobytes()
    return {"kind": kind, "shape": list(array.shape), "data": base64.b64encode(data).decode()}


def pack_numbers(column: pd.Series) -> dict[str, Any]:
    """Return a numeric column as packed float32; missing and infinite values are NaN."""
    values = pd.to_numeric(column, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    with np.errstate(over="ignore"):
        small = values.astype(np.float32)
    return pack_array(np.where(np.isfinite(small), small, np.float32(np.nan)))


def pack_flags(column: pd.Series) -> dict[str, Any]:
    """Return a boolean column as packed uint8: 0, 1, or 255 where it is missing."""
    return pack_array(np.array([255 if pd.isna(v) else int(bool(v)) for v in column], np.uint8))


def pack_texts(column: pd.Series) -> dict[str, Any]:
    """Return a text column as levels with codes for rows (65535 = missing), or as its texts."""
    codes, levels = pd.factorize(column.astype("string"), sort=True)
    if len(levels) > min(_MOST_LEVELS - 1, max(16, len(column) // 2)):
        return {"kind": "texts", "values": [None if pd.isna(v) else str(v) for v in column]}
    packed = pack_array(np.where(codes < 0, _MOST_LEVELS, codes).astype(np.uint16))
    return {"kind": "levels", "levels": [str(level) for level in levels], "codes": packed}


def pack_hex(column: Sequence[str]) -> dict[str, Any]:
    """Return ids of equally many hex digits as packed bytes; other texts as they are."""
    texts = ["" if pd.isna(each) else str(each) for each in column]
    width = len(texts[0]) if texts else 0
    if not width or width % 2 or any(not re.fullmatch(rf"[0-9a-f]{{{width}}}", t) for t in texts):
        return {"kind": "texts", "values": texts}
    data = base64.b64encode(bytes.fromhex("".join(texts))).decode()
    return {"kind": "hex", "digits": width, "rows": len(texts), "data": data}


def script(name: str, value: object) -> str:
    """Return a script that hands the page a value; no text in the value can end the script."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    safe = re.sub("[<>&\u2028\u2029]", lambda found: f"\\u{ord(found[0]):04x}", text)
    return f"insightReport.take({json.dumps(name)},{safe});\n"
