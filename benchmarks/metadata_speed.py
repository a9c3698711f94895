"""The speed of one pass over a clip's frames, compared with computing its fields one by one.

`python -m benchmarks.metadata_speed [--clips 12] [--json FILE]` measures rendered clips of
16 x 256 x 340 both ways, on one thread of one process, and prints medians. The fields one by one
are those of `metadata_references`: with OpenCV's usual flow (Farneback), with the flow of the one
pass, and with that flow and the grey frames computed once for all fields.
Results: `docs/explanation/metadata.md`.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

import cv2
import numpy as np
from scipy import ndimage

from benchmarks import metadata_references as references
from insight_dagster.analysis.metadata.clip_metadata import measure
from insight_dagster.analysis.metadata.fields.appearance import appearance
from insight_dagster.analysis.metadata.fields.artefacts import artefacts
from insight_dagster.analysis.metadata.fields.camera_motion import camera_motion
from insight_dagster.analysis.metadata.fields.flow import estimate_flow
from insight_dagster.analysis.metadata.fields.measured_frames import shrink
from insight_dagster.analysis.metadata.fields.motion import motion
from insight_dagster.analysis.metadata.fields.scene_cuts import scene_cuts
from insight_dagster.analysis.metadata.fields.similarity import similarity
from insight_dagster.analysis.metadata.fields.text_regions import text_regions
from insight_dagster.analysis.metadata.fields.thumbnail import signature

FRAMES, HEIGHT, WIDTH, FPS = 16, 256, 340, 6
# Fields with the same definition in both ways, and the largest difference allowed.
SAME = {
    "ssim_mean": 1e-4,
    "frame_difference_mean": 1e-6,
    "sharpness": 3e-2,
    "total_variation": 1e-6,
    "edge_density": 1e-9,
    "saturation": 5e-3,
    "noise": 1e-6,
    "blockiness": 1e-6,
    "text_share": 1e-9,
    "static_share": 1e-9,
}


def rendered(seed: int) -> np.ndarray:
    """Render a textured square that crosses a panned texture, with noise: (16, 256, 340, 3)."""
    rng = np.random.default_rng(seed)
    grains = rng.normal(size=(HEIGHT, WIDTH + 5 * FRAMES, 3))
    smooth = ndimage.gaussian_filter(grains, (3, 3, 0))
    wide = 128 + 45 * smooth / smooth.std()
    clip = np.stack([wide[:, 4 * i : 4 * i + WIDTH] for i in range(FRAMES)])
    for i in range(FRAMES):
        clip[i, 80:160, 40 + 6 * i : 120 + 6 * i] = wide[:80, :80]
    return np.clip(clip + rng.normal(0, 3, clip.shape), 0, 255).astype(np.uint8)


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    """Call a function; return its CPU time on this thread in milliseconds, and its result."""
    start = time.thread_time()
    found = call()
    return (time.thread_time() - start) * 1e3, found


def shared_inputs(clip: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Compute grey frames and flow once; return the milliseconds, the frames and the flow."""
    spent, (grey, flow) = timed(lambda: _grey_and_flow(clip))
    return spent, grey, flow


def _grey_and_flow(clip: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    grey = references.grey_of(clip)
    return grey, references.dense_inverse_search(grey)


def one_by_one(clip: np.ndarray, flow: references.Flow) -> tuple[dict[str, float], dict]:
    """Compute all fields one by one; return the milliseconds by function, and the fields."""
    spent: dict[str, float] = {}
    fields: dict[str, float] = {}
    for plain in references.PLAIN:
        spent[plain.__name__], found = timed(lambda plain=plain: plain(clip))
        fields |= found
    for by_flow in references.BY_FLOW:
        spent[by_flow.__name__], found = timed(lambda by_flow=by_flow: by_flow(clip, flow))
        fields |= found
    return spent, fields


def by_module(clip: np.ndarray, times: np.ndarray) -> dict[str, float]:
    """Return the milliseconds of every module of the one pass."""
    spent = {}
    spent["frames"], small = timed(lambda: shrink(clip, times))
    spent["flow"], flow = timed(lambda: estimate_flow(small))
    spent["scenes"], shots = timed(lambda: scene_cuts(small, flow))
    spent["similarity"], _ = timed(lambda: similarity(small.grey))
    spent["appearance"], _ = timed(lambda: appearance(small))
    spent["motion"], _ = timed(lambda: motion(flow))
    spent["camera"], _ = timed(lambda: camera_motion(flow, times, shots.cuts))
    spent["artefacts"], _ = timed(lambda: artefacts(small))
    spent["text_regions"], _ = timed(lambda: text_regions(small))
    spent["signature"], _ = timed(lambda: signature(small.grey))
    return spent


def run(clip: np.ndarray) -> dict[str, dict[str, float]]:
    """Measure one clip in all ways; return the milliseconds by way and function."""
    times = np.arange(FRAMES) / FPS
    passed, metadata = timed(lambda: measure(clip, times))
    farneback, _ = one_by_one(clip, references.farneback)
    same_flow, fields = one_by_one(clip, references.dense_inverse_search)
    for name, tolerance in SAME.items():
        assert abs(fields[name] - (metadata.values[name] or 0)) <= tolerance * max(
            1, abs(fields[name])
        ), (name, fields[name], metadata.values[name])
    again, _ = timed(lambda: measure(clip, times))
    made, grey, flow = shared_inputs(clip)
    with patch.object(references, "grey_of", lambda _: grey):
        shared, _ = one_by_one(clip, lambda _: flow)
    return {
        "one pass": {"all": (passed + again) / 2},
        "modules of the one pass": by_module(clip, times),
        "one by one, Farneback": farneback,
        "one by one, same flow": same_flow,
        "one by one, grey and flow shared": {**shared, "grey and flow": made},
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the clips, print the medians and write them."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.metadata_speed", description=__doc__
    )
    parser.add_argument("--clips", type=int, default=12)
    parser.add_argument("--json", type=Path, help="write the medians to this file")
    options = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    run(rendered(options.clips))
    runs = [run(rendered(seed)) for seed in range(options.clips)]
    medians = {
        way: {name: float(np.median([each[way][name] for each in runs])) for name in runs[0][way]}
        for way in runs[0]
    }
    for way in medians:
        totals = [sum(each[way].values()) for each in runs]
        ratios = [sum(each[way].values()) / each["one pass"]["all"] for each in runs]
        print(f"{way:34s} {np.median(totals):8.1f} ms a clip   {np.median(ratios):5.1f} x")
    for way in ("modules of the one pass", "one by one, Farneback"):
        print(f"\n{way}:")
        for name, spent in sorted(medians[way].items(), key=lambda each: -each[1]):
            print(f"  {name:20s} {spent:8.1f} ms")
    if options.json:
        options.json.write_text(json.dumps(medians, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
