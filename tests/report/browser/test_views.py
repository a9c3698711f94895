"""Every view in a real browser: what it shows, and where its links lead."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from insight_dagster.report.site import write_site
from tests.support.browser_window import Window, settle, wait_until
from tests.support.report_views import VIEWS

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_has_an_address(window, view, tmp_path) -> None:
    page = window.open(f"#/{view}")
    assert page.locator("h1").inner_text() not in ("", "This cannot be shown")
    assert page.evaluate("[...document.images].every((i) => i.complete && i.naturalWidth > 0)")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.screenshot(path=str(tmp_path / "view.png"))


def test_the_overview_shows_what_is_known(window, standard_data) -> None:
    page = window.open()
    tiles = page.locator(".tile").all_inner_texts()
    assert tiles[0].split("\n")[:2] == ["clips", "120"]
    right = standard_data.predictions["correct"].astype(bool).mean()
    assert f"{100 * right:.0f} %" in tiles[1]
    assert page.locator(".ranked li").count() == 4
    assert "cut.mp4 ends after 12" in page.get_by_role("region", name="Quarantine").inner_text()
    assert "accuracy" in page.get_by_role("region", name="Drift").inner_text()
    assert page.locator(".matrix tbody tr").count() == 5


def test_a_cell_of_the_confusion_matrix_opens_its_clips(window, standard_data) -> None:
    page = window.open()
    predictions = standard_data.predictions
    wanted = (predictions["class_name"] == "abseiling") & (
        predictions["predicted"] == "rock climbing"
    )
    page.locator(".matrix tbody tr").first.locator("td").nth(3).locator("a").click()
    settle(page)
    assert page.locator("h1").inner_text() == "Clips"
    assert page.locator(".tile-link").count() == wanted.sum() > 0
    assert set(page.locator(".tile-link b").all_inner_texts()) == {"abseiling"}


def test_every_cell_of_the_matrix_opens_as_many_clips_as_it_counts(browser, make_data) -> None:
    data = make_data(clips=80)
    predictions = data.predictions.copy()
    predictions.loc[predictions.index[::7], "predicted"] = "a label of no class here"
    predictions["correct"] = predictions["predicted"] == predictions["class_name"]
    opened = Window(
        browser, write_site(replace(data, predictions=predictions), data.home / "s").parent
    )
    page = opened.open("#/overview")
    cells = page.locator(".matrix td a").evaluate_all(
        "(all) => all.map((a) => [a.getAttribute('href'), Number(a.firstChild.textContent)])"
    )
    assert sum(count for _, count in cells) == 80
    for address, count in cells:
        opened.open(address)
        assert page.get_by_role("status").inner_text().split()[0] == str(count), address
    opened.close()


def test_from_an_insight_to_its_clips_and_the_latent_space(window) -> None:
    page = window.open("#/insights")
    assert page.locator(".card").count() == 4
    page.select_option("#filter-kind", "class_confusion")
    wait_until(page, "document.querySelectorAll('.card').length === 1")
    window.open("#/insights")
    page.locator(".card h2 a").nth(1).click()
    settle(page)
    assert page.locator("h1").inner_text().startswith("12 disc golfing")
    assert page.locator(".cause svg.histograms path").count() >= 4
    assert page.locator("img.heat:visible").count() == 4
    page.locator("details", has_text="is defined").locator("summary").click()
    assert "How low_performance is found." in page.locator(".definition").inner_text()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download the 12 steps").click()
    assert len(Path(waiting.value.path()).read_text().splitlines()) == 13
    page.get_by_role("link", name="Outline its clips").click()
    page.wait_for_selector(".overlay .outline")
    assert "12 disc golfing" in page.locator(".outlined").inner_text()
    page.go_back()
    settle(page)
    assert page.locator("h1").inner_text().startswith("12 disc golfing")


def test_a_clip_is_played_under_its_heatmap(window, standard_data) -> None:
    member = standard_data.heatmap_bundles["clip_id"].iloc[0]
    page = window.open(f"#/clip/{member}")
    stage = page.locator(".stage")
    assert stage.get_attribute("data-mode") == "grid"
    page.get_by_role("button", name="Play").click()
    first = page.get_by_label("Frame").input_value()
    wait_until(page, f"document.querySelector('[aria-label=Frame]').value !== '{first}'")
    assert stage.get_attribute("data-mode") == "single"
    page.get_by_role("button", name="Pause").click()
    stopped = page.get_by_label("Frame").input_value()
    page.wait_for_timeout(400)
    assert page.get_by_label("Frame").input_value() == stopped
    page.get_by_label("Heatmap opacity").fill("20")
    assert page.locator("img.heat").evaluate("(i) => i.style.opacity") == "0.2"
    text = page.locator("main").inner_text()
    assert "foreground ratio" in text
    assert page.get_by_role("region", name="Nearest clips").locator(".tile-link").count() == 3
    assert page.get_by_role("region", name="Insights").locator("li").count() >= 1
    assert "70 %" in page.locator(".prediction").first.inner_text()


def test_a_quarantined_clips_page_says_why(window) -> None:
    page = window.open("#/overview")
    page.get_by_role("link", name="train/abseiling/cut.mp4").click()
    settle(page)
    assert "cut.mp4 ends after 12 of 102 frames" in page.locator("main").inner_text()


def test_what_is_missing_says_what_to_materialize(browser, empty_data) -> None:
    folder = write_site(empty_data, empty_data.home / "site").parent
    opened = Window(browser, folder)
    for view, text in (
        ("overview", "No insights"),
        ("space", "materialize latent_space"),
        ("insights", "materialize insights"),
        ("clips", "Materialize clip_manifest"),
        ("clip/none", "no clip with this id"),
        ("insight/none", "no insight with this id"),
        ("compare", "There is only one run"),
    ):
        assert text in opened.open(f"#/{view}").locator("main").inner_text()
    opened.close()
