"""The walkthrough in `docs/how-to/drift_walkthrough.md`: `python -m benchmarks.drift_walkthrough`.

Creates the demo home if it does not exist, promotes a baseline, starts the real UI and daemon, adds
the second delivery to the library, and continues as a user would in a browser: the sensor's runs,
checks that fail, a backfill of six classes, the comparison, the promotion, checks that pass. Every
claim of the page is asserted, and its pictures are taken (Debian's chromium, Playwright).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from insight_dagster.commands.console import Console
from insight_dagster.commands.run.demo import add_delivery, run_demo
from insight_dagster.database import Database
from insight_dagster.settings import Settings, load_settings
from insight_dagster.tables import BASELINES, CHECK_RESULTS, PROJECTION
from tests.support.dagster_server import DagsterServer, wait_for

NEW_CLASS = "skateboarding"
CLASSES = 6
WORSE = {"playing basketball", "snowboarding"}
"""Classes that the shipped model confuses with others when their clips are dark."""
_SIZE = {"width": 1500, "height": 950}


class Tour:
    """A browser on the UI that takes pictures."""

    def __init__(self, page: Page, server: DagsterServer, images: Path | None) -> None:
        self.page, self.server, self.images = page, server, images

    def visit(self, path: str) -> None:
        """Open a page of the UI and wait until it is loaded."""
        self.page.goto(self.server.address + path)
        self.page.wait_for_load_state("networkidle")
        time.sleep(3)

    def keep(self, name: str) -> None:
        """Save a picture of the current page, if pictures are to be saved."""
        if self.images is not None:
            self.images.mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=self.images / f"{name}.png")

    def open_tab(self, name: str) -> None:
        """Open the innermost tab of that name."""
        self.page.get_by_role("tab", name=name).last.click()
        time.sleep(2)


def walk(settings: Settings, images: Path | None, console: Console) -> None:
    """Go through the whole walkthrough and assert every step."""
    if not settings.folders.database.exists():
        run_demo(settings, seed=0, clips_per_class=80, console=console)
    store = Database(settings.folders.database)
    if not store.rows(BASELINES).num_rows:
        insight(settings, "baseline", "promote", "--author", "you", "--reason", "as delivered")
    with (
        DagsterServer(settings.home, INSIGHT_WATCH_SECONDS="10") as server,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        tour = Tour(browser.new_page(viewport=_SIZE), server, images)
        settle(server)
        assert not failed(store, "ERROR")
        add_delivery(settings.library_folder, delivery=2, console=console)
        sensor(tour, store, console)
        drifted(tour, store, console)
        backfill(tour, console)
        compared(settings, console)
        promoted(settings, tour, store, console)
        browser.close()


def settle(server: DagsterServer, seconds: float = 900) -> list[dict[str, Any]]:
    """Wait until no run has been queued or under way for 20 seconds; return all runs."""
    quiet = 0

    def done() -> list[dict[str, Any]]:
        nonlocal quiet
        runs = server.runs()
        busy = [run for run in runs if run["status"] not in ("SUCCESS", "FAILURE", "CANCELED")]
        quiet = 0 if busy else quiet + 1
        time.sleep(1)
        return runs if quiet > 20 else []

    return wait_for(done, seconds, "the runs to end")


def failed(store: Database, severity: str) -> dict[str, set[str]]:
    """Return the classes for which checks of a severity failed, by the name of the check."""
    found: dict[str, set[str]] = {}
    for row in store.rows(CHECK_RESULTS).to_pylist():
        if not row["passed"] and row["severity"] == severity:
            found.setdefault(row["check_name"], set()).add(row["class_name"])
    return found


def sensor(tour: Tour, store: Database, console: Console) -> None:
    """Wait until the sensor has found one new and five changed classes and they are analysed."""
    started = time.monotonic()
    wait_for(
        lambda: len(tour.server.runs(pipelineName="analyse_classes")) >= CLASSES,
        300,
        "the sensor's runs",
    )
    tour.visit("/runs")
    tour.keep("drift-1-sensor-runs")
    settle(tour.server)
    console.print(f"sensor and analysis: {time.monotonic() - started:.0f} s")
    placed = store.rows(PROJECTION, NEW_CLASS)
    assert placed.num_rows and not any(placed["fitted"].to_pylist()), "nothing was refitted"


def drifted(tour: Tour, store: Database, console: Console) -> None:
    """Check that classes are reported as worse because of their clips, not because of the model."""
    errors, warnings = failed(store, "ERROR"), failed(store, "WARN")
    console.print(f"ERROR: {errors}", f"WARN: {warnings}", sep="\n")
    assert errors["performance_drift"] >= WORSE, errors
    assert warnings["inside_latent_space"] == {NEW_CLASS}, warnings
    rows = store.read(
        "SELECT * FROM check_results WHERE check_name = 'performance_drift' AND NOT passed"
    ).to_pylist()
    for row in rows:
        causes = json.loads(row["facts"])["causes"] if row["severity"] == "ERROR" else []
        assert all(cause.startswith("population change") for cause in causes), row
    tour.visit("/assets/performance?view=checks&checkDetail=performance_drift")
    tour.open_tab("Partitions")
    tour.page.get_by_text("snowboarding").locator("visible=true").last.click()
    time.sleep(2)
    tour.keep("drift-2-checks-fail")
    tour.visit("/assets/verdict?view=partitions")
    tour.keep("drift-3-verdicts")


def backfill(tour: Tour, console: Console) -> None:
    """Launch a backfill of six classes in the browser, and check that it fails."""
    started = time.monotonic()
    tour.visit("/asset-groups")
    tour.page.get_by_role("button", name="Materialize all").first.click()
    time.sleep(2)
    tour.page.get_by_role("button", name="All", exact=True).click()
    time.sleep(1)
    tour.keep("backfill-1-dialog")
    tour.page.get_by_role("button", name="Launch backfill").click()
    time.sleep(3)
    backfill_id = wait_for(lambda: _newest_backfill(tour.server), 60, "the backfill")
    wait_for(lambda: tour.server.backfill_runs(backfill_id, "SUCCESS"), 600, "a run of it to end")
    tour.visit(f"/runs/b/{backfill_id}")
    tour.keep("backfill-2-under-way")
    state = tour.server.wait_for_backfill(backfill_id, 1200)
    tour.visit(f"/runs/b/{backfill_id}")
    tour.keep("backfill-3-ended")
    console.print(
        f"backfill of {CLASSES} classes: {state['status']}, "
        f"{len(state['runs'])} runs, {time.monotonic() - started:.0f} s"
    )
    assert state["status"] == "COMPLETED_FAILED", "classes that do not pass fail the backfill"


def _newest_backfill(server: DagsterServer) -> str:
    query = (
        "{ partitionBackfillsOrError(limit: 1) { ... on PartitionBackfills { results { id } } } }"
    )
    found = server.ask(query)["partitionBackfillsOrError"]["results"]
    return found[0]["id"] if found else ""


def compared(settings: Settings, console: Console) -> None:
    """Print the comparison of one class with the baseline, by the command line."""
    printed = insight(settings, "drift", "--class", "playing basketball")
    console.print(*printed.splitlines(), sep="\n", soft_wrap=True)
    assert "population change: accuracy" in printed


def promoted(settings: Settings, tour: Tour, store: Database, console: Console) -> None:
    """Promote a new baseline: refused while checks fail, then with the changes accepted by name."""
    words = ["--author", "you", "--reason", "the second camera crew is here to stay"]
    refusal = insight(settings, "baseline", "promote", *words, ends=1)
    console.print(refusal, soft_wrap=True)
    failing = [name for name in sorted(failed(store, "ERROR")) if "_drift" in name]
    assert all(name in refusal for name in failing)
    accept = [word for name in failing for word in ("--accept", name)]
    insight(settings, "baseline", "promote", *words, *accept)
    settle(tour.server)
    assert not failed(store, "ERROR"), failed(store, "ERROR")
    tour.visit("/assets/performance?view=checks&checkDetail=performance_drift")
    tour.open_tab("Partitions")
    tour.keep("drift-4-after-promotion")


def insight(settings: Settings, *words: str, ends: int = 0) -> str:
    """Run the command line as a user would, and return what it prints."""
    ended = subprocess.run(  # noqa: S603 - our own command line
        [sys.executable, "-m", "insight_dagster", *words] + ["--home", str(settings.home)],
        env=os.environ | {"COLUMNS": "120"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert ended.returncode == ends, ended.stdout
    return ended.stdout


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--home", type=Path, default=Path(".benchmarks/drift_walkthrough"))
    parser.add_argument("--images", type=Path, help="folder for the pictures")
    arguments = parser.parse_args()
    walk(load_settings(home=arguments.home), arguments.images, Console())


if __name__ == "__main__":
    main()
