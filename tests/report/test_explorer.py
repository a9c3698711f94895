"""The site in a real browser: every view, what one can do there, and that it asks nobody else."""

from __future__ import annotations

import subprocess
import tarfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pandas as pd
import pytest

from insight_dagster.report.site import write_site
from tests.support.browser_window import Window, settle, wait_until

VIEWS = (
    "overview",
    "space",
    "insights",
    "insight/insight-1",
    "clips",
    "clip/000000000000000b",
    "compare",
    "words",
)
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
    said = standard_data.predictions
    wanted = (said["class_name"] == "abseiling") & (said["predicted"] == "rock climbing")
    page.locator(".matrix tbody tr").first.locator("td").nth(3).locator("a").click()
    settle(page)
    assert page.locator("h1").inner_text() == "Clips"
    assert page.locator(".tile-link").count() == wanted.sum() > 0
    assert set(page.locator(".tile-link b").all_inner_texts()) == {"abseiling"}


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


def test_two_runs_are_compared(window, standard_data) -> None:
    page = window.open("#/compare")
    said = standard_data.predictions
    lost = (~said["correct"].astype(bool)).iloc[::10].sum()
    region = page.get_by_role("region", name="Right before, wrong now")
    assert region.locator(".tile-link").count() == lost > 0
    table = page.get_by_role("region", name="Insights").inner_text()
    assert table.count("born") == 1
    assert "regressed" not in table
    assert table.count("steady") == 3
    page.select_option("#run", label=page.locator("#run option").nth(1).inner_text())
    settle(page)
    assert "run=" in page.url


def test_what_became_of_clips_is_told_by_their_contents(browser, make_data) -> None:
    """A relabelled clip has another id; one that left and one that came are told."""
    data = make_data(clips=40)
    site = write_site(data, data.home / "site").parent
    changed = {}
    for table in ("clip_manifest", "predictions", "projection", "clusters", "metadata_table"):
        rows = getattr(data, table).copy()
        moved = rows["clip_id"] == "0000000000000001"
        rows.loc[moved, "clip_id"] = "ffffffffffffffff"
        rows.loc[moved, "class_name"] = "abseiling"
        changed[table] = rows[rows["clip_id"] != "0000000000000005"]
    later = data.created_at + timedelta(days=1)
    write_site(replace(data, run_id="later", created_at=later, **changed), site)
    opened = Window(browser, site)
    page = opened.open("#/compare")
    relabelled = page.get_by_role("region", name="Relabelled")
    assert relabelled.locator(".tile-link").count() == 1
    assert "was labelled disc golfing" in relabelled.inner_text()
    assert page.get_by_role("region", name="Removed clips").locator(".tile-link").count() == 1
    assert page.get_by_role("region", name="New clips").locator(".tile-link").count() == 0
    page.get_by_role("region", name="Removed clips").locator(".tile-link").click()
    settle(page)
    assert page.locator("h1").inner_text() == "clip_0005.mp4"
    page.go_back()
    settle(page)
    page.get_by_role("link", name="Overview").click()
    settle(page)
    opened.close()


def test_the_earlier_run_is_always_before(window) -> None:
    page = window.open("#/compare")
    lead = page.locator(".lead").inner_text()
    page.select_option("#run", index=1)
    settle(page)
    assert page.locator(".lead").inner_text() == lead
    assert "2026-03-13 02:00:00 UTC (before) to 2026-03-14 02:00:00 UTC (now)" in lead


def test_an_insight_is_found_by_every_id_that_it_had(browser, make_data) -> None:
    data = make_data(clips=60)
    site = write_site(data, data.home / "site").parent
    lines = data.insight_ledger.copy()
    last = lines[lines["run_id"] == "second"].assign(
        run_id="third", recorded_at=data.created_at.replace(tzinfo=None) + timedelta(hours=1)
    )
    renamed = last["ledger_id"] == "insight-1"
    last.loc[renamed, "insight_id"] = "renamed"
    gone = last["ledger_id"] == "insight-2"
    last.loc[gone, ["insight_id", "status"]] = [None, "resolved"]
    ids = {"insight-1": "renamed"}
    found = data.insights[data.insights["insight_id"] != "insight-2"].replace(ids)
    later = replace(
        data,
        run_id="later",
        created_at=data.created_at + timedelta(days=1),
        insight_ledger=pd.concat([lines, last]),
        insights=found,
        insight_members=data.insight_members.replace(ids),
    )
    write_site(later, site)
    opened = Window(browser, site)
    for address in ("insight-1", "renamed"):
        page = opened.open(f"#/insight/{address}")
        assert page.locator("h1").inner_text() == found["sentence"].iloc[1]
    page = opened.open("#/overview")
    changed = page.get_by_role("region", name="What changed")
    assert "1 resolved" in changed.inner_text()
    changed.get_by_role("link", name=data.insights["sentence"].iloc[2]).click()
    settle(page)
    assert page.locator("h1").inner_text() == f"Resolved: {data.insights['sentence'].iloc[2]}"
    page.get_by_role("link", name="It is in the run of").click()
    settle(page)
    assert page.locator("h1").inner_text() == data.insights["sentence"].iloc[2]
    opened.close()


def test_every_cell_of_the_matrix_opens_as_many_clips_as_it_counts(browser, make_data) -> None:
    data = make_data(clips=80)
    said = data.predictions.copy()
    said.loc[said.index[::7], "predicted"] = "a label of no class here"
    said["correct"] = said["predicted"] == said["class_name"]
    opened = Window(browser, write_site(replace(data, predictions=said), data.home / "s").parent)
    page = opened.open("#/overview")
    cells = page.locator(".matrix td a").evaluate_all(
        "(all) => all.map((a) => [a.getAttribute('href'), Number(a.firstChild.textContent)])"
    )
    assert sum(count for _, count in cells) == 80
    for address, count in cells:
        opened.open(address)
        assert page.get_by_role("status").inner_text().split()[0] == str(count), address
    opened.close()


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


def test_an_address_cannot_name_a_script_or_what_is_not_there(window) -> None:
    """`Window.close` asserts that nothing outside the folder was asked for."""
    (window.site.parent / "evil.js").write_text("window.hacked = 1")
    page = window.open("#/space?colour=../../../evil")
    settle(page)
    assert page.evaluate("window.hacked") is None
    assert page.locator("#colour").input_value() == "class_name"
    for address in ("#/space?colour=constructor", "#/space?layout=__proto__&area=1,2,x"):
        window.open(address)
        assert page.locator("h1").inner_text() == "Latent space"
    for address, told in (("#/constructor", "no view"), ("#/clips?run=none", "no run")):
        assert told in window.open(address).locator("main").inner_text()
    assert len(window.complaints) == 2
    window.complaints.clear()


def test_skipping_to_the_content_stays_in_the_view(window) -> None:
    page = window.open("#/clips?correct=false")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "view"
    assert page.url.endswith("#/clips?correct=false")


def test_what_cannot_be_shown_is_told_and_left_again(browser, make_data) -> None:
    data = make_data(clips=20)
    site = write_site(data, data.home / "site").parent
    views = next(site.glob("runs/*/views.js"))
    whole = views.read_text()
    opened = Window(browser, site)
    page = opened.open("#/clips")
    for broken, told in ((whole[:200], "half written"), (None, "is missing")):
        views.unlink(missing_ok=True)
        if broken:
            views.write_text(broken)
        page.locator(".tile-link").first.click()
        page.wait_for_selector("text=This cannot be shown")
        assert told in page.locator("main").inner_text()
        page.go_back()
        settle(page)
        assert page.locator("h1").inner_text() == "Clips"
    views.write_text(whole)
    page.locator(".tile-link").first.click()
    settle(page)
    assert page.locator("h1").inner_text().endswith(".mp4")
    assert "There is no view" in opened.open("#/nonsense").locator("main").inner_text()
    assert opened.complaints
    opened.complaints.clear()
    opened.close()


def test_a_quarantined_clips_page_says_why(window) -> None:
    page = window.open("#/overview")
    page.get_by_role("link", name="train/abseiling/cut.mp4").click()
    settle(page)
    assert "cut.mp4 ends after 12 of 102 frames" in page.locator("main").inner_text()


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


def test_it_fits_a_phone(browser, site) -> None:
    opened = Window(browser, site, viewport={"width": 390, "height": 844})
    for view in VIEWS:
        page = opened.open(f"#/{view}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, view
    opened.close()


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


@pytest.fixture(scope="session")
def axe(tmp_path_factory) -> str:
    """axe-core from the npm registry; where that cannot be reached, the check is left out."""
    folder = tmp_path_factory.mktemp("axe")
    command = ["npm", "pack", "axe-core@4", "--silent"]
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=60)
    except (OSError, subprocess.SubprocessError) as problem:
        pytest.skip(f"axe-core cannot be had: {problem}")
    with tarfile.open(next(folder.glob("axe-core-*.tgz"))) as archive:
        return archive.extractfile("package/axe.min.js").read().decode()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_view_breaks_the_rules_of_accessibility(browser, site, axe, theme) -> None:
    opened = Window(browser, site, color_scheme=theme, bypass_csp=True)
    found = {}
    for view in VIEWS:
        page = opened.open(f"#/{view}")
        settle(page)
        page.evaluate(axe)
        told = page.evaluate(
            "axe.run({ preload: false }).then((r) => r.violations.map("
            "(v) => [v.impact, v.id, v.nodes.map((n) => n.html).slice(0, 3)]))"
        )
        found[view] = [each for each in told if each[0] in ("critical", "serious")]
    opened.close()
    assert {view: each for view, each in found.items() if each} == {}
