"""Fixtures: report data of a made-up library, a browser, and a site of two runs in a window."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from insight_dagster.report.report_data import ReportData
from insight_dagster.report.site import write_site
from tests.support.browser_window import CHROMIUM, Window
from tests.support.made_up_library import nothing, synthetic


@pytest.fixture
def make_data(tmp_path: Path) -> Callable[..., ReportData]:
    """Factory of report data; `classes`, `clips` and any field of ReportData can be set."""
    return partial(synthetic, tmp_path)


@pytest.fixture(scope="session")
def standard_data(tmp_path_factory: pytest.TempPathFactory) -> ReportData:
    """120 clips of five classes, made once for the tests that only read."""
    return synthetic(tmp_path_factory.mktemp("home"))


@pytest.fixture
def empty_data(tmp_path: Path) -> ReportData:
    """Report data of a home in which nothing has been computed."""
    return nothing(tmp_path)


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    """Debian's Chromium; where it is not installed, the test is left out.

    Not for the whole session: while it runs, no other test can start an event loop.
    """
    if not CHROMIUM.exists():
        pytest.skip(f"no browser: {CHROMIUM} is not installed")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        flags = ["--no-sandbox", "--disable-background-networking"]
        chromium = driver.chromium.launch(executable_path=str(CHROMIUM), args=flags)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def site(standard_data, tmp_path_factory) -> Path:
    """Two runs of the standard library; in the earlier one more clips were right."""
    folder = tmp_path_factory.mktemp("site")
    predictions = standard_data.predictions.copy()
    predictions.loc[predictions.index[::10], "predicted"] = predictions["class_name"][::10]
    predictions["correct"] = predictions["predicted"] == predictions["class_name"]
    before = replace(
        standard_data,
        run_id="earlier",
        created_at=standard_data.created_at - timedelta(days=1),
        predictions=predictions,
        insights=standard_data.insights.iloc[1:],
    )
    write_site(before, folder)
    return write_site(standard_data, folder).parent


@pytest.fixture
def window(browser, site) -> Iterator[Window]:
    opened = Window(browser, site)
    yield opened
    opened.close()
