"""The page, its script and style sheet: complete, and safe with any text."""

from __future__ import annotations

import re

from insight_dagster.report.page_shell import PAGE, STYLES, static_names
from insight_dagster.report.site import write_site
from tests.support.report_files import HOSTILE, newest_run, value_of


def test_every_static_file_is_used(make_data) -> None:
    data = make_data(clips=5)
    site = write_site(data, data.home / "report").parent
    app = next(site.glob("app-*.js")).read_text(encoding="utf-8")
    modules = {name for name in static_names() if name.endswith(".js")}
    names = [re.sub(r"\W", "_", name.removesuffix(".js")) for name in modules]
    assert all(f"const module_{name} =" in app for name in names)
    types = {"core/data.d.ts", "core/insight_data.d.ts", "views/view.d.ts"}
    assert set(static_names()) == {"page.html", *STYLES, *modules, *types}


def test_the_policy_allows_the_sites_own_files_alone(make_data) -> None:
    data = make_data(clips=5)
    page = write_site(data, data.home / "report").read_text(encoding="utf-8")
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)[1]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == "'self'"
    assert rules["img-src"] == "'self' data: blob:"
    assert "unsafe" not in policy
    assert not re.search(r"<script(?![^>]*src=)", page)


def test_hostile_texts_stay_in_their_place(make_data) -> None:
    data = make_data(classes=(HOSTILE, "{{script}}"), title=HOSTILE)
    site = write_site(data, data.home / "report").parent
    page = (site / PAGE).read_text(encoding="utf-8")
    assert page.count("<script") == 1
    assert "<img" not in page
    summary = newest_run(site) / "overview.js"
    assert "<" not in summary.read_text(encoding="utf-8")
    assert value_of(summary)["facts"]["title"] == HOSTILE
    assert value_of(summary)["facts"]["classes"] == sorted((HOSTILE, "{{script}}"))
