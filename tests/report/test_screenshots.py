"""A picture of every view, light, dark, on a phone and on paper, to be looked at.

`python -m pytest tests/report/test_screenshots.py --screenshots FOLDER` keeps them; with `--site
HOME/report` they are of that report. Those of the README are of the demo home.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from tests.support.browser_window import Window, settle

pytestmark = pytest.mark.browser
LOOKS = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}},
}


@pytest.fixture
def folder(request, tmp_path) -> Path:
    kept = request.config.getoption("--screenshots")
    return Path(kept).resolve() if kept else tmp_path


@pytest.fixture
def shown_site(request) -> Path:
    given = request.config.getoption("--site")
    return Path(given).resolve() if given else request.getfixturevalue("site")


def first(page, selector: str) -> str:
    return page.locator(selector).first.get_attribute("href")


def views(opened: Window) -> dict[str, str]:
    """Addresses by name: of the worst insight and a clip under a heatmap too."""
    page = opened.open("#/insights")
    worst, insight = (first(page, f"{card} h2 a") for card in (".card", ".card:has(.cause)"))
    clip = first(opened.open(insight), ".examples figcaption a")
    named = ("overview", "space", "insights", "clips", "compare", "words")
    return {
        **{name: f"#/{name}" for name in named},
        "space-number": "#/space?colour=foreground_ratio&layout=pca&size=loss",
        "space-insight": f"#/space?insight={worst.rpartition('/')[2].partition('?')[0]}",
        "insight": insight,
        "clip": clip,
    }


def is_drawn(path: Path) -> bool:
    colours = Image.open(path).convert("RGB").getcolors(maxcolors=1 << 24)
    return len(colours) > 100


@pytest.mark.parametrize("look", LOOKS)
def test_every_view_has_its_picture(browser, shown_site, folder, look) -> None:
    opened = Window(browser, shown_site, **LOOKS[look])
    seen = set()
    for name, address in views(opened).items():
        page = opened.open(address)
        settle(page)
        path = folder / f"report-{name}{'' if look == 'light' else f'-{look}'}.png"
        page.screenshot(path=str(path))
        assert is_drawn(path), name
        seen.add(path.read_bytes())
    assert len(seen) == 10
    opened.close()


def test_paper_is_light_and_has_all_pictures(browser, shown_site, folder) -> None:
    opened = Window(browser, shown_site, color_scheme="dark")
    page = opened.open("#/clips")
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    settle(page)
    page.screenshot(path=str(folder / "report-clips-print.png"), full_page=True)
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == "rgb(255, 255, 255)"
    thumbs = page.locator(".thumb[data-atlas]").evaluate_all(
        "(all) => all.map((each) => each.style.backgroundImage)"
    )
    assert thumbs
    assert all(thumbs)
    assert page.locator(".controls").first.is_hidden()
    opened.close()
