"""The walkthrough in `docs/how-to/drift_walkthrough.md`: `python -m benchmarks.drift_walkthrough`.

Makes the demo home if it is not there, promotes a baseline, starts the real UI and daemon, adds the
second delivery to the library, and goes on as a user in a browser would: the sensor's runs, checks
that fail, a backfill of six classes, the comparison, the promotion, checks that pass. What the page
says is asserted here; the pictures are written on the way (Debian's chromium, Playwright).
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
from rich.console import Console

from insight_dagster.commands.run.demo import add_delivery, run_demo
from insight_dagster.database import Database
from insight_dagster.settings import Settings, load_settings
from insight_dagster.tables import BASELINES, CHECK_RESULTS, PROJECTION
from tests.support.dagster_server import DagsterServer, wait_for

NEW_CLASS = "skateboarding"
CLASSES = 6
WORSE = {"playing basketball", "snowboarding"}
"""Classes that the shipped model takes for others when their clips are dark."""
_SIZE = {"width": 1500, "height": 950}


class Tour:
    """A browser on the UI, that keeps pictures."""

    def __init__(self, page: Page, server: DagsterServer, images: Path | None) -> None:
        self.page, self.server, self.images = page, server, images

    def visit(self, path: str) -> None:
        """Open a page of the UI and let it settle."""
        self.page.goto(self.server.address + path)
        self.page.wait_for_load_state("networkidle")
        time.sleep(3)

    def keep(self, name: str) -> None:
        """Keep a picture of what is shown."""
        if self.images is not None:
            self.images.mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=self.images / f"{name}.png")

    def open_tab(self, name: str) -> None:
        """Open the innermost tab of that name."""
        self.page.get_by_role("tab", name=name).last.click()
        time.sleep(2)


def walk(settings: Settings, images: Path | None, console: Console) -> None:
    """The whole walk; every step is asserted."""
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
    """Wait until no run is under way and none was asked for in the last seconds."""
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
    """Classes for which checks of a severity fail, by check."""
    found: dict[str, set[str]] = {}
    for row in store.rows(CHECK_RESULTS).to_pylist():
        if not row["passed"] and row["severity"] == severity:
            found.setdefault(row["check_name"], set()).add(row["class_name"])
    return found


def sensor(tour: Tour, store: Database, console: Console) -> None:
    """The sensor finds one new class and five that changed, and has them analysed."""
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
    """Checks tell which classes got worse, and that the clips did, not the model."""
    errors, warnings = failed(store, "ERROR"), failed(store, "WARN")
    console.print(f"ERROR: {errors}\nWARN: {warnings}")
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
    """Six classes from the asset graph, launched in the browser: it ends as failed."""
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
    assert state["status"] == "COMPLETED_FAILED", (
        "classes that do not pass are seen in the backfill"
    )


def _newest_backfill(server: DagsterServer) -> str:
    query = (
        "{ partitionBackfillsOrError(limit: 1) { ... on PartitionBackfills { results { id } } } }"
    )
    found = server.ask(query)["partitionBackfillsOrError"]["results"]
    return found[0]["id"] if found else ""


def compared(settings: Settings, console: Console) -> None:
    """The comparison of one class, as the command line prints it."""
    said = insight(settings, "drift", "--class", "playing basketball")
    console.print(said, soft_wrap=True, highlight=False)
    assert "population change: accuracy" in said


def promoted(settings: Settings, tour: Tour, store: Database, console: Console) -> None:
    """Refused as long as checks fail; with the wanted change accepted by name, all pass."""
    words = ["--author", "you", "--reason", "the second camera crew is here to stay"]
    refusal = insight(settings, "baseline", "promote", *words, ends=1)
    console.print(refusal, soft_wrap=True, highlight=False)
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
    """Run the command line as a user would; returns what it says."""
    ended = subprocess.run(  # noqa: S603 - our own command line
        [sys.executable, "-c", "from insight_dagster.cli import main; main()", *words]
        + ["--home", str(settings.home)],
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
