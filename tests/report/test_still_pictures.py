"""Still pictures: no label of any class makes matplotlib warn, and all are in the legend."""

import io
import warnings

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from insight_dagster.report.still_pictures import groups_png, projection_png

NAMES = (
    "飞盘高尔夫",
    "لعب كرة السلة",
    "🧗 rock",
    "_hidden",
    "$x^2$ \\frac",
    "a\nb",
    " ",
    "x" * 300,
)


def placed(names):
    count = len(names)
    x = np.linspace(0, 1, count)
    ids = [f"clip {number}" for number in range(count)]
    return pa.table({"clip_id": ids, "class_name": list(names), "x": x, "y": x**2})


@pytest.mark.parametrize("name", NAMES)
def test_a_class_of_any_name_is_shown_without_a_warning(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        png = projection_png(placed((name, "other", "other")), name)
    assert Image.open(io.BytesIO(png)).size == (450, 450)


def legend_ink(name):
    """Dark pixels of the picture of one far-away clip: those of frame, title and legend."""
    picture = Image.open(io.BytesIO(projection_png(placed((name, "other", "other")), name)))
    return int((np.asarray(picture.convert("L")) < 100).sum())


def test_a_name_with_an_underscore_in_front_is_in_the_legend_too():
    assert legend_ink("_hidden") > legend_ink("")
    assert legend_ink("飞盘高尔夫") > legend_ink("")


def test_groups_of_any_name_and_none_are_shown_without_a_warning():
    table = placed(["disc"] * 12)
    groups = {name: table["clip_id"].to_pylist()[:6] for name in NAMES}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pictures = [
            groups_png(table, groups),
            groups_png(table, {}),
            groups_png(table.slice(0, 0), {"empty": []}),
        ]
    assert {Image.open(io.BytesIO(png)).size for png in pictures} == {(450, 450)}
