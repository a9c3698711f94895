"""Hostile addresses and names, and broken files, in a real browser."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from insight_dagster.report.site import write_site
from tests.support.browser_window import Window, settle

pytestmark = pytest.mark.browser


def test_an_address_names_neither_scripts_nor_missing_things(window) -> None:
    """`Window.close` asserts that nothing outside the folder was asked for."""
    (window.site.parent / "evil.js").write_text("window.hacked = 1")
    page = window.open("#/space?colour=../../../evil")
    settle(page)
    assert page.evaluate("window.hacked") is None
    assert page.locator("#colour").input_value() == "class_name"
    for address in ("#/space?colour=constructor", "#/space?layout=__proto__&area=1,2,x"):
        window.open(address)
        assert page.locator("h1").inner_text() == "Latent space"
    for address, text in (("#/constructor", "no view"), ("#/clips?run=none", "no run")):
        assert text in window.open(address).locator("main").inner_text()
    assert len(window.messages) == 2
    window.messages.clear()


def test_a_problem_is_shown_and_can_be_left_again(browser, make_data) -> None:
    data = make_data(clips=20)
    site = write_site(data, data.home / "site").parent
    views = next(site.glob("runs/*/views.js"))
    whole = views.read_text()
    opened = Window(browser, site)
    page = opened.open("#/clips")
    for broken, text in ((whole[:200], "half written"), (None, "is missing")):
        views.unlink(missing_ok=True)
        if broken:
            views.write_text(broken)
        page.locator(".tile-link").first.click()
        page.wait_for_selector("text=This cannot be shown")
        assert text in page.locator("main").inner_text()
        page.go_back()
        settle(page)
        assert page.locator("h1").inner_text() == "Clips"
    views.write_text(whole)
    page.locator(".tile-link").first.click()
    settle(page)
    assert page.locator("h1").inner_text().endswith(".mp4")
    assert "There is no view" in opened.open("#/nonsense").locator("main").inner_text()
    assert opened.messages
    opened.messages.clear()
    opened.close()


def test_hostile_names_are_text(browser, make_data) -> None:
    hostile = (
        '<img src=x onerror="window.hacked=1">',
        '"><script>window.hacked=1</script>',
        "عربي \u202e evil",
        "😀 clip & 'co'",
    )
    data = make_data(classes=hostile, clips=40, title=hostile[0])
    opened = Window(browser, write_site(data, data.home / "site").parent)
    for view in ("overview", "space", "insights", "insight/insight-1", "clips", "compare"):
        page = opened.open(f"#/{view}")
        settle(page)
        assert page.evaluate("window.hacked") is None
        assert page.locator("img[src='x'], main script").count() == 0
    page = opened.open(f"#/clips?class={quote(hostile[0])}")
    assert page.locator(".tile-link").count() == 10
    assert page.locator(".tile-link b").first.inner_text() == hostile[0]
    opened.close()
