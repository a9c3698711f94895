"""The map of the latent space in a real browser: what it draws, and what one can do with it."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from insight_dagster.report.pages.clip_columns import joined_clips
from insight_dagster.report.site import write_site
from tests.support.browser_window import Window, settle, wait_until

pytestmark = pytest.mark.browser
BLUE, RED, GREEN, YELLOW, CYAN = "#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee"
CLASSES = ("abseiling", "disc golfing", "playing basketball", "rock climbing", "snowboarding")
COLOURS = dict(zip(CLASSES, (BLUE, RED, GREEN, YELLOW, CYAN), strict=True))
NO_WEBGL = """const real = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
  return kind.startsWith('webgl') ? null : real.call(this, kind, ...more); };"""

SLOW_FIELDS = """() => { const real = document.head.append.bind(document.head); window.came = 0;
document.head.append = (node) => { if (!node.src?.includes('/fields/')) return real(node);
  node.addEventListener('load', () => { window.came += 1; });
  setTimeout(() => real(node), 1200); return undefined; }; }"""


def rgb(colour: str) -> np.ndarray:
    return np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)], float)


def on_white(colour: str, opacity: float) -> np.ndarray:
    return opacity * rgb(colour) + (1 - opacity) * 255


def ring(page, kind: str = "found") -> np.ndarray:
    """Where the ring around a clip is, in pixels of the plot."""
    page.wait_for_selector(f".overlay .{kind}")
    return np.array(
        [float(page.locator(f".overlay .{kind}").get_attribute(each)) for each in ("cx", "cy")]
    )


def pixels(page) -> np.ndarray:
    """The plot as it is on the screen."""
    shown = Image.open(io.BytesIO(page.locator("#plot canvas").screenshot()))
    return np.asarray(shown.convert("RGB"), float)


def near(page, place: np.ndarray, reach: int = 1) -> np.ndarray:
    x, y = np.round(place).astype(int)
    return pixels(page)[y - reach : y + reach + 1, x - reach : x + reach + 1]


@pytest.fixture(scope="module")
def clips(standard_data):
    return joined_clips(standard_data)


@pytest.fixture(scope="module")
def alone(clips):
    """Clips by how far their nearest neighbour is, in both layouts, the loneliest first."""
    away = []
    for axes in (("x", "y"), ("pca_x", "pca_y")):
        places = clips[list(axes)].to_numpy(float)
        gaps = np.linalg.norm(places[:, None] - places[None], axis=2)
        np.fill_diagonal(gaps, np.inf)
        away.append(gaps.min(1) / np.ptp(places))
    return clips.iloc[np.argsort(-np.minimum(*away))]


def shown(window, clip_id: str, more: str = ""):
    page = window.open(f"#/space?clip={clip_id}{more}")
    settle(page)
    return page


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
        page = shown(window, clip.clip_id, f"&layout={layout}")
        box = page.locator("#plot canvas").bounding_box()
        size = np.array([box["width"], box["height"]])
        scale = 0.94 * (size / (2 * half)).min()
        own = np.array([getattr(clip, axis) for axis in axes], float)
        place = size / 2 + (own - middle) * [scale, -scale]
        np.testing.assert_allclose(ring(page), place, atol=0.6)
        np.testing.assert_allclose(
            near(page, place).mean((0, 1)), on_white(COLOURS[clip.class_name], 0.85), atol=6
        )


def cover(page, place: np.ndarray, offsets) -> float:
    """How dark the pixels at some offsets from a place are, on average."""
    picture = 255 - pixels(page).min(2)
    points = [np.round(place + offset).astype(int) for offset in offsets]
    return float(np.mean([picture[y, x] for x, y in points]))


def test_a_wrong_prediction_is_a_cross_until_crosses_are_switched_off(window, alone) -> None:
    wrong = alone[~alone["correct"].astype(bool)].iloc[0]
    page = shown(window, wrong["clip_id"])
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
        page = shown(window, chosen.iloc[0]["clip_id"], "&colour=foreground_ratio&crosses=no")
        seen[name] = near(page, ring(page)).mean((0, 1))
    assert seen["low"][2] > seen["low"][0] + 20  # blue
    assert seen["high"][0] > seen["high"][2] + 40  # yellow
    assert "foreground ratio≤" in page.locator(".scale").inner_text().replace("\n", "")


def test_every_colouring_can_be_chosen_and_has_an_address(window, alone) -> None:
    page = shown(window, alone.iloc[0]["clip_id"])
    names = page.evaluate("[...document.getElementById('colour').options].map((o) => o.value)")
    assert len(names) > 40
    seen = set()
    for name in [*names[:10], *names[10::8], "zoom"]:
        page.select_option("#colour", name)
        wait_until(
            page, f"new URLSearchParams(location.hash.split('?')[1]).get('colour') === '{name}'"
        )
        settle(page)
        picture = pixels(page)
        assert (picture.min(2) < 240).sum() > 120 * 20, name
        seen.add(picture.tobytes())
    assert len(seen) > 8
    page.reload()
    settle(page)
    assert page.locator("#colour").input_value() == "zoom"


def test_a_legend_entry_hides_its_clips_from_eye_and_pointer(window, alone) -> None:
    clip = alone.iloc[0]
    page = shown(window, clip["clip_id"])
    place = ring(page)
    box = page.locator("#plot canvas").bounding_box()
    page.locator(".legend button", has_text=clip["class_name"]).click()
    page.mouse.move(5, 5)
    settle(page)
    assert near(page, place).min() == 255
    page.mouse.move(box["x"] + place[0], box["y"] + place[1])
    settle(page)
    assert page.locator(".tip").is_hidden()


def test_a_lasso_selects_compares_and_exports(window, clips) -> None:
    page = window.open("#/space")
    box = page.locator("#plot canvas").bounding_box()
    left, top, width, height = (box[name] for name in ("x", "y", "width", "height"))
    page.mouse.move(left + 4, top + height - 4)
    page.mouse.down()
    for x, y in ((4, 40), (width - 4, 40), (width - 4, height - 4), (10, height - 4)):
        page.mouse.move(left + x, top + y, steps=8)
    page.mouse.up()
    page.wait_for_selector("#side h3")
    assert int(page.locator("#side h2").inner_text().split()[0]) > 100
    assert "area=" in page.url
    assert page.locator(".overlay .area").count() == 1
    placed = clips.dropna(subset=["x"])
    half = placed[placed["x"] < placed["x"].median()]
    middle, far = placed["x"].median(), 1e4
    window.open(f"#/space?area=-{far},-{far},{middle},-{far},{middle},{far},-{far},{far}")
    page.wait_for_selector("#side h3")
    assert page.locator("#side h2").inner_text() == f"{len(half)} clips selected"
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Export").click()
    lines = Path(waiting.value.path()).read_text().splitlines()
    assert {line.split(",")[0] for line in lines[1:]} == set(half["clip_id"])
    page.get_by_role("button", name="Clear").click()
    page.wait_for_selector("#side .empty")


def selected_around(page, place: np.ndarray) -> str:
    """What a box of 18 pixels around a place selects, as the panel says it."""
    page.get_by_role("button", name="Box").click()
    box = page.locator("#plot canvas").bounding_box()
    start = place + [box["x"] - 9, box["y"] - 9]
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*(start + 18), steps=4)
    page.mouse.up()
    page.wait_for_selector("#side h3")
    return page.locator("#side h2").nth(1).inner_text()


def test_a_box_around_one_clip_selects_it_and_fades_the_others(window, alone) -> None:
    clip = alone[alone["correct"].astype(bool)].iloc[0]
    page = shown(window, clip["clip_id"])
    place = ring(page)
    other = alone[alone["correct"].astype(bool)].iloc[1]
    elsewhere = ring(shown(window, other["clip_id"]))
    assert selected_around(page, place) == "1 clip selected"
    faded = on_white(COLOURS[other["class_name"]], 0.16)
    np.testing.assert_allclose(near(page, elsewhere).mean((0, 1)), faded, atol=6)
    page.locator("#plot canvas").focus()
    page.keyboard.press("Escape")
    page.wait_for_selector(".overlay .area", state="detached")


def test_hovering_and_searching_and_clicking_show_the_clip(window, clips, alone) -> None:
    page = window.open("#/space")
    wanted = alone.iloc[0]
    page.fill("#search", wanted["path"])
    page.keyboard.press("Enter")
    page.wait_for_selector("#side .tile-link")
    assert wanted["clip_id"] in page.locator("#side .tile-link").get_attribute("href")
    box = page.locator("#plot canvas").bounding_box()
    page.mouse.move(*(ring(page) + [box["x"] + 2, box["y"] - 2]))
    page.wait_for_selector(".tip:not([hidden])")
    assert wanted["path"].split("/")[-1] in page.locator(".tip").inner_text()
    np.testing.assert_allclose(ring(page, "under"), ring(page))
    target = alone.iloc[1]
    where = ring(shown(window, target["clip_id"]))
    page = window.open("#/space")
    page.mouse.click(*(where + [box["x"], box["y"]]))
    page.wait_for_selector("#side .tile-link")
    assert target["clip_id"] in page.locator("#side .tile-link").get_attribute("href")


def test_the_map_is_moved_by_wheel_keys_drag_and_buttons(window, alone) -> None:
    page = shown(window, alone.iloc[0]["clip_id"])
    home = ring(page)
    box = page.locator("#plot canvas").bounding_box()
    page.mouse.move(*(home + [box["x"], box["y"]]))
    page.mouse.wheel(0, -500)
    settle(page)
    np.testing.assert_allclose(ring(page), home, atol=0.6)  # zoomed around the pointer
    page.keyboard.press("/")
    page.locator("#plot canvas").focus()
    page.keyboard.press("ArrowRight")
    settle(page)
    np.testing.assert_allclose(ring(page), home - [40, 0], atol=0.6)
    page.keyboard.press("0")
    settle(page)
    np.testing.assert_allclose(ring(page), home, atol=0.6)
    page.get_by_role("button", name="Pan").click()
    page.mouse.move(box["x"] + 50, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 80, box["y"] + 190, steps=5)
    page.mouse.up()
    settle(page)
    np.testing.assert_allclose(ring(page), home + [30, -10], atol=0.6)
    page.get_by_role("button", name="Show all").click()
    page.get_by_role("button", name="Zoom in").click()
    settle(page)
    middle = np.array([box["width"], box["height"]]) / 2
    np.testing.assert_allclose(ring(page) - middle, (home - middle) * 1.5, atol=0.9)


def test_two_fingers_zoom(browser, site, alone) -> None:
    opened = Window(browser, site, has_touch=True, viewport={"width": 390, "height": 844})
    page = shown(opened, alone.iloc[0]["clip_id"])
    page.locator("#plot").scroll_into_view_if_needed()
    home = ring(page)
    box = page.locator("#plot canvas").bounding_box()
    middle = np.array([box["width"], box["height"]]) / 2
    touch = opened.context.new_cdp_session(page)
    for kind, reach in (("Start", 40), ("Move", 60), ("Move", 80)):
        x, y = middle + [box["x"], box["y"]]
        points = [{"x": x - reach, "y": y, "id": 0}, {"x": x + reach, "y": y, "id": 1}]
        touch.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    settle(page)
    np.testing.assert_allclose(ring(page) - middle, (home - middle) * 2, atol=2)
    opened.close()


def test_many_visits_keep_the_map(window, alone) -> None:
    """Browsers keep some 16 WebGL contexts: a map that is left gives its own back."""
    page = window.open("#/overview")
    for _ in range(18):
        page.evaluate("location.hash = '#/space'")
        page.wait_for_selector("#plot canvas")
        page.evaluate("location.hash = '#/clips'")
        page.wait_for_selector("#plot canvas", state="detached")
    page = shown(window, alone.iloc[0]["clip_id"])
    assert (pixels(page).min(2) < 240).sum() > 120 * 20


def test_the_last_of_two_quick_choices_is_shown(window, alone) -> None:
    """A field is read from its file; a category chosen meanwhile must not be painted over."""
    page = shown(window, alone.iloc[0]["clip_id"])
    page.evaluate(SLOW_FIELDS)
    page.select_option("#colour", "sharpness")
    page.wait_for_timeout(100)
    page.select_option("#colour", "split")
    settle(page)
    before = pixels(page)
    wait_until(page, "window.came === 1")
    settle(page)
    assert np.array_equal(pixels(page), before)
    assert page.locator(".scale").count() == 0


def test_choosing_by_keyboard_keeps_the_focus(window) -> None:
    page = window.open("#/space")
    page.locator("#colour").focus()
    for _ in range(3):
        page.keyboard.press("ArrowDown")
        settle(page)
    assert page.evaluate("document.activeElement.id") == "colour"
    names = page.locator("#colour option").evaluate_all("(all) => all.map((each) => each.value)")
    assert page.locator("#colour").input_value() == names[3]
    page.get_by_role("button", name="PCA").focus()
    page.keyboard.press("Enter")
    settle(page)
    assert page.evaluate("document.activeElement.textContent") == "PCA"


SPY = """() => { window.drawn = []; const kind = WebGL2RenderingContext.prototype;
for (const name of ['drawArrays', 'drawElements']) { const real = kind[name];
  kind[name] = function (...given) { window.drawn.push(given[name === 'drawArrays' ? 2 : 1]);
    return real.apply(this, given); }; } }"""


def test_few_dots_are_all_drawn_and_pointing_draws_none(window, alone) -> None:
    page = shown(window, alone.iloc[0]["clip_id"])
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


def test_a_selection_leaves_out_what_the_legend_hides(window, clips) -> None:
    far = 1e4
    area = f"-{far},-{far},{far},-{far},{far},{far},-{far},{far}"
    page = window.open(f"#/space?area={area}")
    page.wait_for_selector("#side h3")
    page.locator(".legend button", has_text="abseiling").click()
    settle(page)
    left = (clips["class_name"] != "abseiling").sum()
    assert page.locator("#side h2").inner_text() == f"{left} clips selected"


def test_a_lasso_far_inside_selects_what_it_is_drawn_around(window, alone) -> None:
    clip = alone.iloc[0]
    page = shown(window, clip["clip_id"])
    box = page.locator("#plot canvas").bounding_box()
    for _ in range(24):
        page.mouse.move(*(ring(page) + [box["x"], box["y"]]))
        page.mouse.wheel(0, -400)
        page.wait_for_timeout(30)
    settle(page)
    assert selected_around(page, ring(page)) == "1 clip selected"


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
