"""The speed of the report in Chromium, opening and panning: `python -m benchmarks.report_speed`.

The report shows made-up clips of five classes and is opened from disk. Times are measured by the
page's own clock, as medians of several openings; frames are counted while the latent space is
panned.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from insight_dagster import tables
from insight_dagster.analysis.numerics.neighbours import NearestClips
from insight_dagster.report.report_data import SHOWN, ReportData
from insight_dagster.report.site import write_site
from insight_dagster.tables.columns import Table

CHROMIUM = "/usr/bin/chromium"
CLASSES = ("abseiling", "disc golfing", "playing basketball", "rock climbing", "snowboarding")
_OPENINGS = 3
_VIEWS = {"overview": "overview", "space": "space", "clip": f"clip/{7:016x}"}
_FRAMES = """() => { window.frames_ = []; let last = performance.now();
  const step = () => { const now = performance.now(); frames_.push(now - last); last = now;
    requestAnimationFrame(step); }; requestAnimationFrame(step); }"""


def frame(table: Table, columns: dict[str, object], rows: int) -> pd.DataFrame:
    """Return a frame with all columns of a table; those not given are NaN."""
    missing = np.full(rows, np.nan)
    return pd.DataFrame({name: columns.get(name, missing) for name in table.column_names})


def made_up(count: int, home: Path) -> ReportData:
    """Make up report data of a number of clips."""
    rng = np.random.default_rng(0)
    which = rng.integers(0, len(CLASSES), count)
    names = np.array(CLASSES)[which]
    ids = np.array([f"{number:016x}" for number in range(count)])
    own: dict[str, object] = {"clip_id": ids, "class_name": names}
    said = np.where(rng.random(count) < 0.15, np.roll(names, 1), names)
    probability = rng.beta(5, 2, count)
    spot = rng.normal(size=(count, 2)) * 4 + 20 * np.column_stack([np.cos(which), np.sin(which)])
    manifest = {
        **own, "split": rng.choice(["train", "val", "test"], count), "status": ["ok"] * count,
        "content_key": [f"{number:032x}" for number in range(count)],
        "path": [f"train/{name}/{at:011d}_000012_000022.mp4" for at, name in enumerate(names)],
        "fps": np.full(count, 30.0), "width": np.full(count, 340), "height": np.full(count, 256),
    }  # fmt: skip
    predicted = {
        **own, "predicted": said, "probability": probability, "loss": -np.log(probability),
        "correct": said == names, "margin": rng.normal(size=count), "entropy": rng.random(count),
    }  # fmt: skip
    placed = {**own, "x": spot[:, 0], "y": spot[:, 1], "pca_x": spot[:, 0], "pca_y": spot[:, 1]}
    fields = {column.name: rng.gamma(3, 0.1, count) for column in tables.METADATA_FIELDS}
    filled = {
        "clip_manifest": manifest, "predictions": predicted, "projection": placed,
        "clusters": {**own, "cluster": which, "strength": rng.random(count)},
        "metadata_table": {**own, **fields},
    }  # fmt: skip
    frames = {
        table.name: frame(table, filled[table.name], count)
        if table.name in filled
        else frame(table, {}, 0)
        for table in SHOWN
    }
    return ReportData(
        home=home, title="Made up", run_id="checks", model_fingerprint="none", random_weights=False,
        created_at=datetime(2026, 1, 1, tzinfo=UTC), nearest=NearestClips.none(), definitions={},
        **frames,
    )  # fmt: skip


def measure(count: int) -> dict[str, Any]:
    """Measure writing the site, its size, opening three views, and the frames while panning."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder:
        data = made_up(count, Path(folder))
        start = time.perf_counter()
        page = write_site(data, Path(folder) / "report")
        written = time.perf_counter() - start
        sizes = {path.name: path.stat().st_size for path in page.parent.rglob("*.js")}
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            views = {
                view: statistics.median(_opened(browser, page, path)[0] for _ in range(_OPENINGS))
                for view, path in _VIEWS.items()
            }
            _, shown = _opened(browser, page, "space", keep=True)
            frames = _panned(shown)
            browser.close()
    return {
        "clips": count,
        "seconds_to_write": round(written, 1),
        "clips_file_mb": round(sizes["clips.js"] / 1e6, 1),
        **{f"seconds_to_{view}": round(seconds, 2) for view, seconds in views.items()},
        "frames_per_second": round(1000 / statistics.median(frames), 1),
        "slowest_twentieth_ms": round(float(np.quantile(frames, 0.95)), 1),
    }


def _opened(browser: Any, page: Path, view: str, *, keep: bool = False) -> tuple[float, Any]:
    """Open a view; return the seconds until it is shown, and the browser's page."""
    shown = browser.new_page(viewport={"width": 1300, "height": 900})
    shown.goto(f"{page.as_uri()}#/{view}")
    shown.wait_for_selector("#view[data-ready]", timeout=60_000)
    seconds = float(shown.evaluate("performance.now()")) / 1000
    if not keep:
        shown.close()
    return seconds, shown


def _panned(shown: Any) -> list[float]:
    """Drag the latent space; return the milliseconds of every frame meanwhile."""
    shown.get_by_role("button", name="Pan").click()
    box = shown.locator("#plot canvas").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    shown.mouse.move(x, y)
    shown.mouse.down()
    shown.evaluate(_FRAMES)
    for step in range(120):
        shown.mouse.move(x + 150 * np.sin(step / 12), y + 100 * np.cos(step / 9))
    frames = shown.evaluate("frames_")
    shown.mouse.up()
    return [float(each) for each in frames[2:]]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure each number of clips and print the results."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report_speed", description=__doc__)
    parser.add_argument("--clips", type=int, nargs="+", default=[5_000, 240_000])
    parser.add_argument("--json", type=Path, help="write all rows to this file")
    options = parser.parse_args(arguments)
    rows = []
    for count in options.clips:
        rows.append(measure(count))
        print(json.dumps(rows[-1]), flush=True)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
