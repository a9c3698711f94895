"""The map in a real browser: places, colours, marks, outlines, and when it is drawn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from insight_dagster.report.site import write_site
from tests.support.browser_window import Window, settle, wait_until
from tests.support.map_pixels import COLOURS, on_white, open_clip, pixels_near, pixels_of, ring

pytestmark = pytest.mark.browser


NO_WEBGL = """const real = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
  return kind.startsWith('webgl') ? null : real.call(this, kind, ...more); };"""


SLOW_FIELDS = """() => { const real = document.head.append.bind(document.head); window.came = 0;
document.head.append = (node) => { if (!node.src?.includes('/fields/')) return real(node);
  node.addEventListener('load', () => { window.came += 1; });
  setTimeout(() => real(node), 1200); return undefined; }; }"""


SPY = """() => { window.drawn = []; const kind = WebGL2RenderingContext.prototype;
for (const name of ['drawArrays', 'drawElements']) { const real = kind[name];
  kind[name] = function (...given) { window.drawn.push(given[name === 'drawArrays' ? 2 : 1]);
    return real.apply(this, given); }; } }"""


@pytest.mark.parametrize("layout", ["tsne", "pca"])
@pytest.mark.parametrize("webgl", [True, False])
def test_a_clip_is_drawn_at_its_place_in_the_colour_of_its_class(
    window, clips, alone, layout, webgl
) -> None:
    if not webgl:
        window.context.add_init_script(NO_WEBGL)
    axes = ["x", "y"] if layout == "tsne" else ["pca_x", "pca_y"]
    places = clips[axes].to_numpy(float)
    middle, half = (places.max(0) + places.min(0)) / 2, np.ptp(places, axis=0) / 2
    for clip in alone[alone["correct"].astype(bool)].head(3).itertuples():
        page = open_clip(window, clip.clip_id, f"&layout={layout}")
        box = page.locator("#plot canvas").bounding_box()
        size = np.array([box["width"], box["height"]])
        scale = 0.94 * (size / (2 * half)).min()
        own = np.array([getattr(clip, axis) for axis in axes], float)
        place = size / 2 + (own - middle) * [scale, -scale]
        np.testing.assert_allclose(ring(page), place, atol=0.6)
        np.testing.assert_allclose(
            pixels_near(page, place).mean((0, 1)), on_white(COLOURS[clip.class_name], 0.85), atol=6
        )


def cover(page, place: np.ndarray, offsets) -> float:
    """How dark the pixels at some offsets from a place are, on average."""
    picture = 255 - pixels_of(page).min(2)
    points = [np.round(place + offset).astype(int) for offset in offsets]
    return float(np.mean([picture[y, x] for x, y in points]))


def test_a_wrong_prediction_is_a_cross_until_crosses_are_switched_off(window, alone) -> None:
    wrong = alone[~alone["correct"].astype(bool)].iloc[0]
    page = open_clip(window, wrong["clip_id"])
    place = ring(page)
    sides = np.array([[0, -2.6], [0, 2.6], [-2.6, 0], [2.6, 0]])
    corners = np.array([[-3, -3], [3, -3], [-3, 3], [3, 3]])
    cross = cover(page, place, sides), cover(page, place, corners)
    page.get_by_label("crosses for wrong predictions").uncheck()
    settle(page)
    circle = cover(page, place, sides), cover(page, place, corners)
    assert circle[0] > 1.5 * cross[0]
    assert cross[1] > 1.5 * circle[1]


def test_colours_of_a_number_go_from_blue_to_yellow(window, alone) -> None:
    low, high = np.quantile(alone["foreground_ratio"].dropna().astype(float), [0.1, 0.9])
    ratio = alone["foreground_ratio"].astype(float)
    seen = {}
    for name, chosen in (("low", alone[ratio < low]), ("high", alone[ratio > high])):
        page = open_clip(window, chosen.iloc[0]["clip_id"], "&colour=foreground_ratio&crosses=no")
        seen[name] = pixels_near(page, ring(page)).mean((0, 1))
    assert seen["low"][2] > seen["low"][0] + 20  # blue
    assert seen["high"][0] > seen["high"][2] + 40  # yellow
    assert "foreground ratio≤" in page.locator(".scale").inner_text().replace("\n", "")


def test_every_colouring_can_be_chosen_and_has_an_address(window, alone) -> None:
    page = open_clip(window, alone.iloc[0]["clip_id"])
    names = page.evaluate("[...document.getElementById('colour').options].map((o) => o.value)")
    assert len(names) > 40
    seen = set()
    for name in [*names[:10], *names[10::8], "zoom"]:
        page.select_option("#colour", name)
        wait_until(
            page, f"new URLSearchParams(location.hash.split('?')[1]).get('colour') === '{name}'"
        )
        settle(page)
        picture = pixels_of(page)
        assert (picture.min(2) < 240).sum() > 120 * 20, name
        seen.add(picture.tobytes())
    assert len(seen) > 8
    page.reload()
    settle(page)
    assert page.locator("#colour").input_value() == "zoom"


def test_many_visits_keep_the_map(window, alone) -> None:
    """Browsers keep some 16 WebGL contexts: a map that is left gives its own back."""
    page = window.open("#/overview")
    for _ in range(18):
        page.evaluate("location.hash = '#/space'")
        page.wait_for_selector("#plot canvas")
        page.evaluate("location.hash = '#/clips'")
        page.wait_for_selector("#plot canvas", state="detached")
    page = open_clip(window, alone.iloc[0]["clip_id"])
    assert (pixels_of(page).min(2) < 240).sum() > 120 * 20


def test_the_last_of_two_quick_choices_is_open_clip(window, alone) -> None:
    """A field is read from its file; a category chosen meanwhile must not be painted over."""
    page = open_clip(window, alone.iloc[0]["clip_id"])
    page.evaluate(SLOW_FIELDS)
    page.select_option("#colour", "sharpness")
    page.wait_for_timeout(100)
    page.select_option("#colour", "split")
    settle(page)
    before = pixels_of(page)
    wait_until(page, "window.came === 1")
    settle(page)
    assert np.array_equal(pixels_of(page), before)
    assert page.locator(".scale").count() == 0


def test_few_dots_are_all_drawn_and_pointing_draws_none(window, alone) -> None:
    page = open_clip(window, alone.iloc[0]["clip_id"])
    place = ring(page)
    page.evaluate(SPY)
    page.locator("#plot canvas").focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(30)
    settle(page)
    assert set(page.evaluate("window.drawn")) == {120}
    page.keyboard.press("0")
    settle(page)
    page.evaluate("() => { window.drawn = []; }")
    box = page.locator("#plot canvas").bounding_box()
    for step in range(6):
        page.mouse.move(*(place + [box["x"] + step / 2, box["y"]]))
    page.wait_for_selector(".overlay .under")
    assert page.locator(".tip .thumb").evaluate("(each) => each.style.backgroundImage") != ""
    assert page.evaluate("window.drawn") == []


def test_a_group_is_outlined_where_it_lies_together_and_not_where_it_is_scattered(
    browser, make_data
) -> None:
    data = make_data(clips=120)
    members = data.insight_members.copy()
    every = data.clip_manifest["clip_id"][::9].head(12).to_numpy()
    members.loc[members["insight_id"] == "insight-1", "clip_id"] = every
    scattered = replace(data, insight_members=members)
    opened = Window(browser, write_site(scattered, data.home / "site").parent)
    for insight, count in (("insight-0", 1), ("insight-1", 0)):
        page = opened.open(f"#/space?insight={insight}")
        settle(page)
        assert page.locator(".overlay .outline").count() == count, insight
    opened.close()
