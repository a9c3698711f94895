"""The map in a real browser: selecting, pointing, moving and choosing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.support.browser_window import Window, settle
from tests.support.map_pixels import COLOURS, on_white, open_clip, pixels_near, ring

pytestmark = pytest.mark.browser


def test_a_legend_entry_hides_its_clips_from_eye_and_pointer(window, alone) -> None:
    clip = alone.iloc[0]
    page = open_clip(window, clip["clip_id"])
    place = ring(page)
    box = page.locator("#plot canvas").bounding_box()
    page.locator(".legend button", has_text=clip["class_name"]).click()
    page.mouse.move(5, 5)
    settle(page)
    assert pixels_near(page, place).min() == 255
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
    page = open_clip(window, clip["clip_id"])
    place = ring(page)
    other = alone[alone["correct"].astype(bool)].iloc[1]
    elsewhere = ring(open_clip(window, other["clip_id"]))
    assert selected_around(page, place) == "1 clip selected"
    faded = on_white(COLOURS[other["class_name"]], 0.16)
    np.testing.assert_allclose(pixels_near(page, elsewhere).mean((0, 1)), faded, atol=6)
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
    where = ring(open_clip(window, target["clip_id"]))
    page = window.open("#/space")
    page.mouse.click(*(where + [box["x"], box["y"]]))
    page.wait_for_selector("#side .tile-link")
    assert target["clip_id"] in page.locator("#side .tile-link").get_attribute("href")


def test_the_map_is_moved_by_wheel_keys_drag_and_buttons(window, alone) -> None:
    page = open_clip(window, alone.iloc[0]["clip_id"])
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
    page = open_clip(opened, alone.iloc[0]["clip_id"])
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
    page = open_clip(window, clip["clip_id"])
    box = page.locator("#plot canvas").bounding_box()
    for _ in range(24):
        page.mouse.move(*(ring(page) + [box["x"], box["y"]]))
        page.mouse.wheel(0, -400)
        page.wait_for_timeout(30)
    settle(page)
    assert selected_around(page, ring(page)) == "1 clip selected"
