"""`insight demo`: make the demo library, analyse it, and score insights against planted faults."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from insight_dagster.commands.console import Console
from insight_dagster.commands.home import prepare_home
from insight_dagster.commands.printing import print_rows
from insight_dagster.commands.progress import progress_bars
from insight_dagster.commands.run.local_run import report_outcome, run_pipeline
from insight_dagster.demo.classes import DEMO_CLASSES
from insight_dagster.demo.library.delivery import deliver
from insight_dagster.demo.library.make_library import LibrarySummary, make_library
from insight_dagster.demo.recovery_summary import score
from insight_dagster.files.atomic import write_atomically
from insight_dagster.pipeline.home import open_database
from insight_dagster.settings import Settings
from insight_dagster.tables.status import Split

_CAUSES_SHOWN = 3
SUMMARY_FILE = "demo_summary.json"
_TABLES = ("clip_manifest", "predictions", "insights", "insight_members", "insight_causes")


def make_demo_library(
    folder: Path, *, seed: int, clips_per_class: int, console: Console
) -> LibrarySummary:
    """Render the demo library with a progress bar; an existing one is kept.

    Raises:
        LibraryError: the folder holds something other than this demo library.
    """
    with progress_bars(console) as bars:
        advance = bars.begin("rendering clips", len(DEMO_CLASSES) * clips_per_class)
        summary = make_library(folder, seed=seed, clips_per_class=clips_per_class, progress=advance)
    console.print(f"Demo library: {summary.clips} clips in {folder}", soft_wrap=True)
    return summary


def add_delivery(folder: Path, *, delivery: int, console: Console) -> None:
    """Add a later delivery of clips to a demo library, with a progress bar.

    Raises:
        LibraryError: the folder is not a demo library, or the delivery does not exist.
    """
    with progress_bars(console) as bars:
        advance = bars.begin("rendering clips", total=None)
        summary = deliver(folder, delivery=delivery, progress=advance)
    groups = ", ".join(f"{count} {name}" for name, count in sorted(summary.groups.items()))
    state = "" if summary.created else " (already there)"
    console.print(f"Delivery {delivery} in {folder}{state}: {groups}", soft_wrap=True)


def run_demo(settings: Settings, *, seed: int, clips_per_class: int, console: Console) -> None:
    """Make the library, materialize every asset, score the insights and write the summary.

    Raises:
        InsightError: a step failed; the message says what to do.
    """
    prepare_home(settings)
    folder = settings.library_folder
    make_demo_library(folder, seed=seed, clips_per_class=clips_per_class, console=console)
    outcome = run_pipeline(settings, console=console)
    report_outcome(outcome, settings, console)
    summary = _scored(settings, folder)
    _write_json(settings.home / SUMMARY_FILE, summary)
    _show(summary, console)


def _scored(settings: Settings, library: Path) -> dict[str, Any]:
    store = open_database(settings)
    frames = {name: store.read(f"SELECT * FROM {name}").to_pandas() for name in _TABLES}  # noqa: S608
    return score(
        pd.read_csv(library / "truth.csv", dtype=str, keep_default_na=False),
        manifest=frames["clip_manifest"],
        insights=frames["insights"],
        members=frames["insight_members"],
        causes=frames["insight_causes"],
        predictions=frames["predictions"],
    )


def _write_json(path: Path, value: dict[str, Any]) -> None:
    text = json.dumps(value, indent=2, allow_nan=False) + "\n"
    write_atomically(path, lambda draft: draft.write_text(text, encoding="utf-8"))


def _show(summary: dict[str, Any], console: Console) -> None:
    accuracy = [
        {
            "class": name,
            "clips": entry["clips"],
            "accuracy": entry["accuracy"],
            **{split: entry["by_split"].get(split) for split in Split},
        }
        for name, entry in summary["accuracy"].items()
    ]
    print_rows(console, accuracy, title="Accuracy", empty="No predictions.")
    faults = [{"fault": name, **_fault_line(entry)} for name, entry in summary["faults"].items()]
    print_rows(console, faults, title="Planted faults", empty="No fault was planted.")
    others = [entry for entry in summary["insights"] if entry["planted_fault"] is None]
    console.print(f"{len(others)} of {len(summary['insights'])} insights match no planted fault.")


def _fault_line(fault: dict[str, Any]) -> dict[str, Any]:
    return {
        **{name: fault.get(name) for name in ("planted", "found", "recall", "precision")},
        "verdict": fault.get("status"),
        "insights": len(fault.get("insight_ids", ())),
        "causes": ", ".join(fault["top_causes"][:_CAUSES_SHOWN]) or None,
    }
