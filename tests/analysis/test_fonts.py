"""Labels in any script: drawn by a font that has the characters, otherwise escaped."""

import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

from insight_dagster.analysis import fonts as module
from insight_dagster.analysis.fonts import Font, drawable, font_for, fonts


def test_latin_greek_and_cyrillic_are_drawn_as_they_are():
    assert drawable("rock climbing αβγ класс é_$") == "rock climbing αβγ класс é_$"


def test_what_no_font_has_is_escaped_and_joiners_are_left_out():
    only_latin = [Font("latin", "", frozenset(range(32, 127)))]
    assert drawable("飞 disc", only_latin) == r"\u98de disc"
    assert drawable("🧗\ufe0f\u200d", only_latin) == r"\U0001f9d7"
    assert drawable("", only_latin) == ""


@pytest.fixture
def with_chinese(tmp_path, monkeypatch):
    """A font file with one Chinese character, a full square, after those installed."""
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0)), pen.lineTo((0, 900)), pen.lineTo((900, 900)), pen.lineTo((900, 0))
    pen.closePath()
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", "square"])
    builder.setupCharacterMap({ord("飞"): "square"})
    builder.setupGlyf({".notdef": TTGlyphPen(None).glyph(), "square": pen.glyph()})
    builder.setupHorizontalMetrics({".notdef": (1000, 0), "square": (1000, 0)})
    builder.setupHorizontalHeader(ascent=900, descent=-100)
    builder.setupNameTable({"familyName": "Square", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    path = tmp_path / "square.ttf"
    builder.save(path)
    found = (*fonts(), Font("Square", str(path), frozenset({ord("飞")})))
    monkeypatch.setattr(module, "fonts", lambda: found)
    return found[-1]


def test_a_font_that_has_a_character_draws_it(with_chinese):
    assert drawable("飞 disc") == "飞 disc"
    assert font_for("飞飞") == with_chinese
    assert font_for("disc").family == "DejaVu Sans"


def test_the_title_of_a_heatmap_shows_chinese_where_a_font_has_it(with_chinese):
    from PIL import Image

    from insight_dagster.analysis.heatmaps.heatmap_picture import Caption, _write_bar

    canvas = Image.new("RGB", (800, 50))
    caption = Caption("飞飞飞飞", "飞", 0.5, "飞", 0.5, random_weights=False, empty=False)
    _write_bar(canvas, caption)
    assert np.asarray(canvas)[:, 5:600].any()
