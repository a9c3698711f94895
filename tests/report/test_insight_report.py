"""The report page: its numbers, its safety, and how it behaves in a browser."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from insight_dagster.errors import InsightError
from insight_dagster.report import page_data as page_data_module
from insight_dagster.report import pictures as pictures_module
from insight_dagster.report.insight_report import SCRIPTS, STYLES, build_page, write_report
from insight_dagster.report.page_data import joined_clips, page_data
from insight_dagster.report.pictures import Pictures
from insight_dagster.report.plain import plain, plain_column
from insight_dagster.report.report_data import SHOWN, ReportData
from insight_dagster.report.scores import class_scores, confusion

CHROMIUM = Path("/usr/bin/chromium")
HOSTILE = '<img src=x onerror="window.hacked=1"></script><script>window.hacked=1</script>'


def embedded(page: str) -> dict:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    return json.loads(found[1])


def executable(page: str) -> list[str]:
    return re.findall(r"<script>(.*?)</script>", page, re.DOTALL)


class TestPage:
    def test_the_written_file_is_the_page_and_nothing_else_is_left(self, make_data) -> None:
        data = make_data()
        path = write_report(data, data.home / "report")
        assert path == data.home / "report" / "index.html"
        assert path.read_text(encoding="utf-8") == build_page(data)
        assert [each.name for each in path.parent.iterdir()] == ["index.html"]

    def test_writing_again_gives_the_same_bytes(self, make_data) -> None:
        data = make_data()
        first = write_report(data, data.home / "report").read_bytes()
        assert write_report(data, data.home / "report").read_bytes() == first

    def test_a_failed_write_leaves_the_last_page(self, make_data, monkeypatch) -> None:
        data = make_data()
        path = write_report(data, data.home / "report")
        before = path.read_bytes()

        def refuse(*_: object) -> None:
            raise OSError("disk full")

        monkeypatch.setattr("insight_dagster.report.insight_report.os.replace", refuse)
        with pytest.raises(InsightError, match=r"index\.html cannot be written \(disk full\)"):
            write_report(replace(data, title="Another"), path.parent)
        assert path.read_bytes() == before
        assert len(list(path.parent.iterdir())) == 1

    def test_every_static_file_is_in_the_page(self) -> None:
        folder = Path(page_data_module.__file__).parent / "static"
        names = {each.name for each in folder.iterdir()}
        assert names == {"page.html", *SCRIPTS, *STYLES}

    def test_nothing_is_loaded_from_elsewhere(self, make_data) -> None:
        page = build_page(make_data())
        shell = re.sub(r"<(script|style).*?</\1>", "", page, flags=re.DOTALL)
        assert not re.search(r"(src|href)=\"(?!#|data:)", shell)
        assert "http" not in shell.replace("http-equiv", "")

    def test_the_policy_allows_just_the_scripts_and_styles_of_the_page(self, make_data) -> None:
        page = build_page(make_data())
        policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)[1]
        rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
        scripts = executable(page)
        styles = [*re.findall(r"<style>(.*?)</style>", page, re.DOTALL)[:1], ""]
        assert len(scripts) == 2
        assert rules["default-src"] == "'none'"
        assert rules["script-src"].split() == [csp_hash(each) for each in scripts]
        assert rules["style-src"].split() == [csp_hash(each) for each in styles]

    def test_hostile_texts_cannot_leave_their_place(self, make_data) -> None:
        data = make_data(classes=(HOSTILE, "{{script}}"), title=HOSTILE)
        page = build_page(data)
        assert len(executable(page)) == 2
        assert HOSTILE not in page
        assert embedded(page)["facts"]["title"] == HOSTILE
        assert embedded(page)["facts"]["classes"] == sorted((HOSTILE, "{{script}}"))

    def test_a_frame_without_its_columns_is_refused_by_name(self, make_data) -> None:
        data = make_data()
        with pytest.raises(ValueError, match=r"predictions lacks columns \['loss'\]"):
            replace(data, predictions=data.predictions.drop(columns=["loss"]))


def csp_hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


class TestPageData:
    def test_clips_carry_what_every_table_says_of_them(self, make_data) -> None:
        data = make_data(clips=40)
        clips = joined_clips(data)
        assert list(clips["clip_id"]) == sorted(clips["clip_id"])
        row = clips.iloc[7]
        said = data.predictions.set_index("clip_id").loc[row["clip_id"]]
        measured = data.metadata_table.set_index("clip_id").loc[row["clip_id"]]
        assert (row["predicted"], row["loss"]) == (said["predicted"], said["loss"])
        assert row["sharpness"] == measured["sharpness"]

    def test_the_order_of_rows_does_not_matter(self, make_data) -> None:
        data = make_data()
        names = [table.name for table in SHOWN]
        mixed = {
            name: getattr(data, name).sample(frac=1, random_state=3, ignore_index=True)
            for name in names
        }
        assert page_data(replace(data, **mixed)) == page_data(data)

    def test_insights_are_ranked_with_members_causes_and_examples(self, make_data) -> None:
        data = make_data()
        page = page_data(data)
        severities = [insight["severity"] for insight in page["insights"]]
        assert severities == sorted(severities, reverse=True)
        first = page["insights"][0]
        ids = data.insight_members.query("insight_id == 'insight-0'")["clip_id"]
        clip_ids = page["clips"]["clip_id"]
        assert {clip_ids[member["clip"]] for member in first["members"]} == set(ids)
        assert [cause["field"] for cause in first["causes"]] == [
            "ssim_mean",
            "frame_difference_mean",
            "foreground_ratio",
        ]
        assert first["examples"][0]["target"] == first["class_name"]
        assert page["insights"][3]["members"][0]["suggested"] == "abseiling"

    def test_missing_and_endless_numbers_become_null(self, make_data) -> None:
        data = make_data(clips=10)
        losses = data.predictions["loss"].copy()
        losses.iloc[:3] = [np.nan, np.inf, 0.123456789]
        page = page_data(replace(data, predictions=data.predictions.assign(loss=losses)))
        assert page["clips"]["loss"][:3] == [None, None, 0.12346]

    def test_above_the_limit_members_stay_and_the_rest_is_thinned(
        self, make_data, monkeypatch
    ) -> None:
        monkeypatch.setattr(page_data_module, "MOST_CLIPS", 80)
        data = make_data(clips=300)
        page = page_data(data)
        assert (page["facts"]["clips"], page["facts"]["clips_shown"]) == (300, 80)
        shown = set(page["clips"]["clip_id"])
        assert set(data.insight_members["clip_id"]) <= shown
        total = sum(score["clips"] for score in page["scores"] if score["split"] == "")
        assert total == 300

    def test_quarantined_clips_are_listed_and_not_counted(self, make_data) -> None:
        page = page_data(make_data(clips=20))
        assert page["facts"]["clips"] == 20
        assert page["facts"]["quarantined"] == 1
        assert page["quarantine"][0]["problem"] == "cut.mp4 ends after 12 of 102 frames"

    def test_the_space_shown_is_that_of_the_projection(self, make_data) -> None:
        data = make_data()
        newer = data.latent_spaces.assign(space_id="newer", created_at="2027", clusters=99)
        spaces = pd.concat([data.latent_spaces.assign(created_at="2026"), newer])
        projection = data.projection.assign(space_id="space")
        page = page_data(replace(data, latent_spaces=spaces, projection=projection))
        assert page["facts"]["space"]["clusters"] == 5

    def test_an_empty_home_is_a_page(self, empty_data: ReportData) -> None:
        page = page_data(empty_data)
        assert page["facts"]["accuracy"] is None
        assert page["insights"] == []
        assert page["confusion"]["classes"] == []
        json.dumps(page, allow_nan=False)

    def test_clips_without_predictions_are_shown_unscored(self, make_data) -> None:
        data = make_data(clips=10)
        page = page_data(replace(data, predictions=data.predictions.head(0)))
        assert page["facts"]["scored"] == 0
        assert page["clips"]["correct"] == [None] * 10
        assert all(score["scored"] == 0 for score in page["scores"])


class TestPlain:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            (np.float32(0.5), 0.5),
            (1234567.0, 1234600),
            (np.int64(3), 3),
            (np.bool_(True), True),
            (float("nan"), None),
            (pd.NA, None),
            (pd.NaT, None),
            ("x", "x"),
        ],
    )
    def test_values(self, value: object, expected: object) -> None:
        assert plain(value) == expected
        assert type(plain(value)) is type(expected)

    def test_repeated_texts_are_coded(self) -> None:
        coded = plain_column(pd.Series(["b", "a", None, "b", "a", "b"]))
        assert coded == {"labels": ["a", "b"], "codes": [1, 0, -1, 1, 0, 1]}


class TestScores:
    clips = pd.DataFrame(
        {
            "class_name": ["a", "a", "a", "b", "b"],
            "split": ["train", "train", "val", "val", "odd"],
            "predicted": ["a", "b", "z", "b", None],
            "correct": [True, False, False, True, None],
            "loss": [0.5, 1.5, 4.0, 0.25, None],
        }
    )

    def test_counts_of_class_and_split(self) -> None:
        scores = {(s["class_name"], s["split"]): s for s in class_scores(self.clips)}
        assert scores["a", ""] == {
            "class_name": "a",
            "split": "",
            "clips": 3,
            "scored": 3,
            "right": 1,
            "mean_loss": 2,
        }
        assert (scores["b", "odd"]["scored"], scores["b", "odd"]["mean_loss"]) == (0, None)

    def test_confusion_counts_labels_outside_the_library(self) -> None:
        matrix = confusion(self.clips)
        assert matrix["classes"] == ["a", "b"]
        assert matrix["splits"] == ["", "train", "val"]
        assert matrix["counts"][0][0] == {"counts": [1, 1], "other": 1, "most": [["z", 1]]}
        assert matrix["counts"][1][0]["counts"] == [1, 1]

    def test_of_many_classes_those_with_most_errors_are_shown(self) -> None:
        names = [f"class {i:02}" for i in range(40)]
        clips = pd.DataFrame(
            {
                "class_name": names * 2,
                "split": "train",
                "predicted": names + ["class 00"] * 20 + names[20:],
            }
        )
        matrix = confusion(clips)
        assert len(matrix["classes"]) == 19  # class 00 is never wrong; the last 20 neither
        assert "class 05" in matrix["classes"]
        assert matrix["left_out"] == 21


class TestPictures:
    def test_a_picture_is_shrunk_and_kept_once(self, tmp_path: Path) -> None:
        image = np.full((900, 1024, 3), (10, 200, 90), np.uint8)
        cv2.imwrite(str(tmp_path / "grid.png"), image)
        pictures = Pictures(tmp_path)
        assert (pictures.add("grid.png"), pictures.add("grid.png")) == (0, 0)
        payload = base64.b64decode(pictures.encoded[0].split(",", 1)[1])
        shown = cv2.imdecode(np.frombuffer(payload, np.uint8), cv2.IMREAD_COLOR)
        assert shown.shape == (450, 512, 3)
        assert np.abs(shown[200, 200].astype(int) - (10, 200, 90)).max() < 8

    def test_files_outside_the_home_missing_and_broken_ones_are_left_out(
        self, tmp_path: Path
    ) -> None:
        home = tmp_path / "home"
        home.mkdir()
        cv2.imwrite(str(tmp_path / "secret.png"), np.zeros((8, 8, 3), np.uint8))
        (home / "link.png").symlink_to(tmp_path / "secret.png")
        (home / "broken.png").write_bytes(b"no picture")
        pictures = Pictures(home)
        paths = [
            "../secret.png",
            str(tmp_path / "secret.png"),
            "link.png",
            "none.png",
            "broken.png",
        ]
        assert [pictures.add(path) for path in paths] == [None] * 5
        assert (pictures.encoded, pictures.left_out) == ([], 5)

    def test_there_is_a_limit(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pictures_module, "MOST_PICTURES", 2)
        for name in "abc":
            cv2.imwrite(str(tmp_path / f"{name}.png"), np.zeros((8, 8, 3), np.uint8))
        pictures = Pictures(tmp_path)
        assert [pictures.add(f"{name}.png") for name in "abc"] == [0, 1, None]
        assert pictures.left_out == 1


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    if not CHROMIUM.exists():
        pytest.skip(f"no browser: {CHROMIUM} is not installed")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        chromium = driver.chromium.launch(executable_path=str(CHROMIUM), args=flags)
        yield chromium
        chromium.close()


class Window:
    """Opens reports and collects what the pages complain of or ask the network for."""

    def __init__(self, browser, folder: Path) -> None:
        self.context = browser.new_context(viewport={"width": 1300, "height": 900})
        self.folder = folder
        self.complaints: list[str] = []
        self.addresses: list[str] = []

    def show(self, data: ReportData):
        page = self.context.new_page()
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda problem: self.complaints.append(str(problem)))
        page.on("request", lambda request: self.addresses.append(request.url))
        page.goto(write_report(data, self.folder).as_uri())
        return page

    def close(self) -> None:
        self.context.close()
        assert self.complaints == []
        assert [a for a in self.addresses if not a.startswith(("file:", "data:"))] == []


@pytest.fixture
def window(browser, tmp_path: Path) -> Iterator[Window]:
    opened = Window(browser, tmp_path / "report")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def opened_page(browser, standard_data, tmp_path_factory) -> Iterator[object]:
    opened = Window(browser, tmp_path_factory.mktemp("report"))
    yield opened.show(standard_data)
    opened.close()


@pytest.fixture
def page(opened_page):
    """The standard report as it looks when just opened: loading it anew takes seconds."""
    opened_page.evaluate(
        "() => { for (const [id, value] of [['colour', 'class_name'], ['filter-kind', ''],"
        " ['filter-class_name', '']]) { const select = document.getElementById(id);"
        " select.value = value; select.dispatchEvent(new Event('change')); }"
        " document.getElementById('crosses').checked = true;"
        " document.querySelector('#layout button').click();"
        " document.querySelector('#confusion-split button').click();"
        " document.documentElement.dataset.theme = 'light';"
        " Report.scatter.set({ crosses: true, hidden: new Set() });"
        " Report.change({ insight: null, clip: null });"
        " document.getElementById('viewer').close(); }"
    )
    return opened_page


def traces(page) -> list[dict]:
    return page.evaluate(
        "document.getElementById('plot').data.map((t) => ({n: t.x.length, color: t.marker.color,"
        " symbol: t.marker.symbol, x: t.x}))"
    )


def middle_of_a_dot(page) -> tuple[float, float]:
    dot = page.locator("#plot .scatterlayer .point").nth(3)
    dot.scroll_into_view_if_needed()
    page.wait_for_timeout(600)
    box = dot.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


@pytest.mark.browser
class TestInTheBrowser:
    def test_every_part_is_drawn(self, page) -> None:
        assert page.locator("#plot .scatterlayer .point").count() == 120
        assert page.locator(".card").count() == 4
        assert page.locator(".tile").first.inner_text().split()[:2] == ["clips", "120"]
        assert page.locator("#matrix tbody tr").count() == 5
        assert "cut.mp4 ends after 12" in page.locator("#quarantined").inner_text()
        assert page.locator(".banner:visible").count() == 0
        assert page.evaluate("[...document.images].every((image) => image.naturalWidth > 0)")

    def test_colour_and_layout_switch(self, page, standard_data) -> None:
        assert [each["n"] for each in traces(page)] == [24] * 5
        page.select_option("#colour", "sharpness")
        drawn = traces(page)[-1]
        by_id = standard_data.metadata_table.sort_values("clip_id")["sharpness"]
        np.testing.assert_allclose(drawn["color"], by_id, rtol=1e-4)
        page.get_by_role("button", name="PCA").click()
        places = standard_data.projection.sort_values("clip_id")["pca_x"]
        np.testing.assert_allclose(traces(page)[-1]["x"], places, rtol=1e-4)
        page.select_option("#colour", "correct")
        assert page.locator("#legend").inner_text().split("\n")[0] == "wrong"

    def test_every_colouring_can_be_drawn(self, page) -> None:
        for name in page.evaluate("[...document.getElementById('colour').options].map(o=>o.value)"):
            page.select_option("#colour", name)
            assert sum(each["n"] for each in traces(page)) == 120

    def test_a_legend_entry_hides_its_clips(self, page) -> None:
        page.locator("#legend button").first.click()
        page.wait_for_function("document.querySelectorAll('#plot .point').length === 96")
        assert page.locator("#plot .point").count() == 96

    def test_crosses_mark_wrong_predictions(self, page, standard_data) -> None:
        crosses = [symbol for each in traces(page) for symbol in each["symbol"]].count("x")
        assert crosses == (~standard_data.predictions["correct"].astype(bool)).sum() > 0
        page.uncheck("#crosses")
        assert not any("x" in each["symbol"] for each in traces(page))

    def test_an_insight_outlines_its_clips(self, page) -> None:
        page.locator(".card .outline").nth(1).click()
        outline = traces(page)[-1]
        assert (outline["n"], outline["symbol"]) == (12, "circle-open")
        assert page.locator(".card.chosen h3").inner_text().startswith("12 disc golfing")
        page.locator("#clear").click()
        assert len(traces(page)) == 5

    def test_clicking_a_dot_shows_the_clip(self, page, standard_data) -> None:
        page.mouse.click(*middle_of_a_dot(page))
        page.wait_for_selector("#clip h3", timeout=5000)
        text = page.locator("#clip").inner_text()
        assert any(clip_id in text for clip_id in standard_data.clip_manifest["clip_id"])
        assert "foreground ratio" in text

    def test_a_listed_clip_and_its_heatmap_open(self, page) -> None:
        page.locator(".card summary").first.click()
        page.locator(".card .clip-list button").first.click()
        assert page.locator("#clip h3").inner_text() == "clip_0004.mp4"
        page.locator("#clip img").first.click()
        assert page.locator("dialog[open] img").is_visible()

    def test_insights_are_filtered(self, page) -> None:
        page.select_option("#filter-kind", "class_confusion")
        assert page.locator(".card").count() == 1
        page.select_option("#filter-class_name", "snowboarding")
        assert page.locator(".card").count() == 0
        assert "No such insight" in page.locator("#cards").inner_text()

    def test_the_confusion_of_one_split(self, page, standard_data) -> None:
        cells = "[...document.querySelectorAll('#matrix tbody td:last-child')]"
        add = f"{cells}.reduce((sum, cell) => sum + Number(cell.textContent), 0)"
        assert page.evaluate(add) == 120
        page.get_by_role("button", name="val", exact=True).click()
        assert page.evaluate(add) == (standard_data.clip_manifest["split"] == "val").sum()

    def test_light_and_dark(self, page) -> None:
        paper = "getComputedStyle(document.body).backgroundColor"
        light = page.evaluate(paper)
        page.locator("#theme").click()
        assert page.evaluate(paper) != light
        assert page.evaluate("document.getElementById('plot').layout.paper_bgcolor") == "#191f27"

    def test_hostile_names_are_shown_as_they_are(self, window, make_data) -> None:
        name = "<b>bold</b>" + HOSTILE
        page = window.show(make_data(clips=20, classes=(name,), title=HOSTILE, random_weights=True))
        assert "untrained" in page.locator(".banner").inner_text()
        assert page.locator("h1").inner_text() == HOSTILE
        assert page.locator("#legend .label").inner_text() == name
        assert page.locator("#scores tbody th").inner_text() == name
        page.mouse.move(*middle_of_a_dot(page))
        page.wait_for_selector("#plot .hoverlayer .hovertext", timeout=5000)
        assert "<b>bold</b>" in page.locator("#plot .hoverlayer").first.text_content()
        assert page.evaluate("window.hacked") is None
        assert page.locator("img[src=x]").count() == 0

    def test_an_empty_home_explains_itself(self, window, empty_data: ReportData) -> None:
        text = window.show(empty_data).locator("main").inner_text()
        for expected in (
            "No clips yet",
            "No latent space yet",
            "No insights",
            "No predictions yet",
        ):
            assert expected in text

    def test_a_phone_does_not_scroll_sideways(self, page) -> None:
        page.set_viewport_size({"width": 390, "height": 800})
        page.wait_for_timeout(300)
        width = page.evaluate("document.documentElement.scrollWidth")
        page.set_viewport_size({"width": 1300, "height": 900})
        assert width <= 390
