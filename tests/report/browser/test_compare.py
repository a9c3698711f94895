"""Two runs in a real browser: what became of clips and insights."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pandas as pd
import pytest

from insight_dagster.report.site import write_site
from tests.support.browser_window import Window, settle

pytestmark = pytest.mark.browser


def test_two_runs_are_compared(window, standard_data) -> None:
    page = window.open("#/compare")
    predictions = standard_data.predictions
    lost = (~predictions["correct"].astype(bool)).iloc[::10].sum()
    region = page.get_by_role("region", name="Right before, wrong now")
    assert region.locator(".tile-link").count() == lost > 0
    table = page.get_by_role("region", name="Insights").inner_text()
    assert table.count("born") == 1
    assert "regressed" not in table
    assert table.count("steady") == 3
    page.select_option("#run", label=page.locator("#run option").nth(1).inner_text())
    settle(page)
    assert "run=" in page.url


def test_clips_with_another_id_are_matched_by_their_contents(browser, make_data) -> None:
    """A relabelled clip has another id; it is neither a new nor a removed one."""
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
        run_id="third", sequence=3, recorded_at=pd.Timestamp(2020, 1, 1)
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
