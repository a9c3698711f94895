"""Every view fits a phone and keeps the rules of accessibility."""

from __future__ import annotations

import subprocess
import tarfile

import pytest

from tests.support.browser_window import Window, settle
from tests.support.report_views import VIEWS

pytestmark = pytest.mark.browser


def test_it_fits_a_phone(browser, site) -> None:
    opened = Window(browser, site, viewport={"width": 390, "height": 844})
    for view in VIEWS:
        page = opened.open(f"#/{view}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, view
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
        violations = page.evaluate(
            "axe.run({ preload: false }).then((r) => r.violations.map("
            "(v) => [v.impact, v.id, v.nodes.map((n) => n.html).slice(0, 3)]))"
        )
        found[view] = [each for each in violations if each[0] in ("critical", "serious")]
    opened.close()
    assert {view: each for view, each in found.items() if each} == {}
