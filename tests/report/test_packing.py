"""Packed values can be read back, and cannot end their script."""

from __future__ import annotations

import base64
import json

import numpy as np
import pandas as pd

from insight_dagster.report.packing import (
    pack_array,
    pack_flags,
    pack_hex,
    pack_numbers,
    pack_texts,
    script,
)
from tests.support.report_files import HOSTILE


def test_numbers_become_float32_and_missing_ones_nan() -> None:
    packed = pack_numbers(pd.Series([0.5, None, np.inf, 1e300]))
    values = np.frombuffer(base64.b64decode(packed["data"]), "<f4")
    np.testing.assert_array_equal(values, np.float32([0.5, np.nan, np.nan, np.nan]))
    assert packed["kind"] == "f4"


def test_flags_texts_and_identities() -> None:
    flags = pack_flags(pd.Series([True, None, False], dtype=object))
    assert base64.b64decode(flags["data"]) == bytes([1, 255, 0])
    texts = pack_texts(pd.Series(["b", None, "a", "b"]))
    codes = np.frombuffer(base64.b64decode(texts["codes"]["data"]), "<u2")
    assert (texts["levels"], codes.tolist()) == (["a", "b"], [1, 65_535, 0, 1])
    many = pd.Series([f"{number}.mp4" for number in range(50)])
    assert pack_texts(many) == {"kind": "texts", "values": many.tolist()}
    assert base64.b64decode(pack_hex(["00ff", "1234"])["data"]) == b"\x00\xff\x12\x34"
    assert pack_hex(["00ff", "12"])["kind"] == "texts"
    assert pack_array(np.zeros((2, 3)))["shape"] == [2, 3]


def test_a_value_cannot_end_its_script() -> None:
    text = script("a/b", {"name": HOSTILE + "\u2028"})
    assert "<" not in text
    assert "\u2028" not in text
    assert json.loads(text[len('insightReport.take("a/b",') : -3]) == {"name": HOSTILE + "\u2028"}
