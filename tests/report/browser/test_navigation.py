"""Addresses, the search, the way back and the keyboard in a real browser."""

from __future__ import annotations

import pytest

from tests.support.browser_window import settle

pytestmark = pytest.mark.browser


def test_searching_from_any_view(window, standard_data) -> None:
    page = window.open("#/overview")
    page.keyboard.press("/")
    page.keyboard.type("clip_0011")
    page.keyboard.press("Enter")
    settle(page)
    assert page.locator("h1").inner_text() == "clip_0011.mp4"
    page.fill("#search", "abseiling")
    page.keyboard.press("Enter")
    settle(page)
    assert page.get_by_role("status").inner_text() == "24 clips"
    page.fill("#search", "no such name")
    page.keyboard.press("Enter")
    assert page.locator("#search:invalid").count() == 1


def test_the_way_back_keeps_filters_place_and_length(window) -> None:
    page = window.open("#/clips")
    page.select_option("#clips-correct", "true")
    settle(page)
    page.get_by_role("button", name="Show more").click()
    tiles = page.locator(".tile-link").count()
    assert tiles > 48
    page.evaluate("scrollTo(0, 600)")
    page.wait_for_timeout(100)
    page.locator(".tile-link").nth(50).click()
    settle(page)
    assert page.evaluate("scrollY") == 0
    page.go_back()
    settle(page)
    assert page.locator(".tile-link").count() == tiles
    assert page.evaluate("scrollY") == pytest.approx(600, abs=120)  # the click scrolled a little
    page.go_back()
    settle(page)
    assert page.locator("h1").inner_text() == "Clips"
    assert page.locator("#clips-correct").input_value() == ""


def test_a_choice_inside_a_view_does_not_scroll(window) -> None:
    page = window.open("#/overview")
    page.locator("#split-train").scroll_into_view_if_needed()
    place = page.evaluate("scrollY")
    assert place > 100
    page.locator("#split-train").click()
    settle(page)
    assert page.evaluate("scrollY") == place
    assert "split=train" in page.url


def test_skipping_to_the_content_stays_in_the_view(window) -> None:
    page = window.open("#/clips?correct=false")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "view"
    assert page.url.endswith("#/clips?correct=false")


def test_it_works_by_keyboard_and_in_the_dark(window) -> None:
    page = window.open("#/space")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "search"
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    page.locator("#theme").focus()
    page.keyboard.press("Enter")
    settle(page)
    assert page.evaluate(paper) != light
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.id") == "run"
    for _ in range(3):
        page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.textContent") == "Compare"
    page.keyboard.press("Enter")
    settle(page)
    assert page.locator("h1").inner_text() == "Compare two runs"
