"""Several runs at once over eight classes, with readers: `python -m benchmarks.concurrent_runs`.

A fresh home with the real UI, daemon and code location gets a backfill of eight classes over all
assets, a run for every class on top of it, and readers: the database as the report reads it, the
command line, the UI. Afterwards no run may have failed on a lock, every clip must have its rows,
and no reader may have waited for the database lock for longer than a second. The time of whole
reads is reported too: with four runs on a few cores they mostly wait for a core.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.kill_recovery import QUIET, assets, settings_of, start
from insight_dagster.commands.home import initialise, open_instance
from insight_dagster.database import Database
from insight_dagster.database.locks.file_locks import hold_lock
from insight_dagster.demo.classes import DEMO_CLASSES
from insight_dagster.demo.library.fault_shares import FaultShares
from insight_dagster.demo.library.make_library import make_library
from insight_dagster.settings import Settings
from insight_dagster.tables import CLIP_MANIFEST, EMBEDDINGS, METADATA_TABLE, PROJECTION
from tests.support.dagster_server import DagsterServer, wait_for

FOLDER = Path(".benchmarks/concurrent_runs")
MORE = {"skateboarding": "skateboarding", "abseiling": "abseiling 2", "disc golfing": "disc golf 2"}
"""Classes that are rendered a second time under another name."""
LONGEST_WAIT_SECONDS = 1.0


def make_eight_classes(folder: Path, clips_per_class: int) -> Path:
    """Render a demo library of eight classes and return its folder."""
    library, more = folder / "library", folder / "more"
    sound = FaultShares(format=0, corrupt=0)
    make_library(
        library, seed=3, clips_per_class=clips_per_class, classes=DEMO_CLASSES, faults=sound
    )
    make_library(more, seed=4, clips_per_class=clips_per_class, classes=tuple(MORE), faults=sound)
    (library / "annotations.csv").unlink(missing_ok=True)
    for split in sorted(path for path in more.iterdir() if path.is_dir()):
        for source, name in MORE.items():
            if (split / source).is_dir():
                shutil.move(split / source, library / split.name / name)
    return library


def timed(
    what: Callable[[], object], pause: float, seconds: list[float], stop: threading.Event
) -> None:
    """Call a function repeatedly and record how long each call takes."""
    while not stop.is_set():
        started = time.monotonic()
        what()
        seconds.append(time.monotonic() - started)
        stop.wait(pause)


def wait_for_lock(path: Path) -> None:
    """Acquire the lock of the database as a reader does, and release it."""
    with hold_lock(path, read_only=True, seconds=30):
        pass


def readers(
    settings: Settings, server: DagsterServer
) -> dict[str, tuple[float, Callable[[], object]]]:
    """Return the readers by name: the pause between two reads in seconds, and the read."""
    store = Database(settings.folders.database, lock_timeout_seconds=30)
    status = [sys.executable, "-m", "insight_dagster", "status"]
    return {
        "lock": (0.05, lambda: wait_for_lock(settings.folders.database)),
        "count": (
            0.2,
            lambda: store.read("SELECT class_name, count(*) FROM clip_manifest GROUP BY ALL"),
        ),
        "vectors": (0.5, lambda: store.rows(EMBEDDINGS)),
        "command": (
            10,
            lambda: subprocess.run(  # noqa: S603 - our own command line
                [*status, "--home", str(settings.home)], check=True, stdout=subprocess.DEVNULL
            ),
        ),
        "ui": (
            1,
            lambda: server.ask(
                "{ assetNodes { assetKey { path } assetMaterializations { runId } } }"
            ),
        ),
    }


def work(server: DagsterServer, classes: list[str]) -> None:
    """Launch everything at once and wait until all runs have ended.

    Raises:
        AssertionError: a run failed.
    """
    backfill = server.backfill(assets(), classes)
    for name in classes:
        server.launch(
            "__ASSET_JOB",
            assets=["clip_manifest", "embeddings", "metadata_table"],
            tags={"dagster/partition": name},
        )
    assert server.wait_for_backfill(backfill, 1500)["status"] == "COMPLETED_SUCCESS"
    wait_for(lambda: all(run["status"] == "SUCCESS" for run in server.runs()), 300, "all runs")


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--clips-per-class", type=int, default=12)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    folder = FOLDER.absolute()
    library = make_eight_classes(folder, arguments.clips_per_class)
    settings = settings_of(folder / "home", library)
    initialise(settings, console=QUIET)
    classes = sorted({*DEMO_CLASSES, *MORE.values()})
    server = start(settings)
    stop = threading.Event()
    seconds: dict[str, list[float]] = {}
    threads = []
    try:
        with open_instance(settings) as instance:
            instance.add_dynamic_partitions("action_class", classes)
        for name, (pause, read) in readers(settings, server).items():
            seconds[name] = []
            arguments_of = (read, pause, seconds[name], stop)
            threads.append(threading.Thread(target=timed, args=arguments_of))
            threads[-1].start()
        started = time.monotonic()
        work(server, classes)
        took = time.monotonic() - started
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        server.stop()
    report = {
        name: {
            "reads": len(each),
            "median": round(statistics.median(each), 3),
            "p99": round(statistics.quantiles(each, n=100)[-1], 3),
            "longest": round(max(each), 3),
        }
        for name, each in seconds.items()
    }
    print(json.dumps({"seconds": round(took), "readers": report}, indent=2))
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=2) + "\n")
    store = Database(settings.folders.database)
    clips = store.rows(CLIP_MANIFEST).num_rows
    assert clips == len(classes) * arguments.clips_per_class
    for table in (EMBEDDINGS, METADATA_TABLE, PROJECTION):
        assert store.rows(table).num_rows == clips, table.name
    log = server.log.read_text()
    assert "DatabaseBusyError" not in log and "Could not set lock" not in log
    assert max(seconds["lock"]) < LONGEST_WAIT_SECONDS


if __name__ == "__main__":
    main()
