"""The cost of finding insights as the library grows: `python -m benchmarks.insight_cost`.

Each size runs in its own process, with 2,048-dimensional embeddings, 400 classes, 40 metadata
fields, splits, and in every tenth class a failing group that a field explains.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from insight_dagster.analysis.insights import find_insights

CLASSES, WIDTH, FIELDS, FACTORS = 400, 2_048, 40, 40
_GROUP_SHARE = 0.2


def clips(count: int) -> tuple[tuple[np.ndarray, np.ndarray, np.ndarray], pd.DataFrame]:
    """Make embeddings, labels, probabilities and metadata of clips."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, CLASSES, count)
    centres = 2 * rng.normal(size=(CLASSES, FACTORS))
    factors = centres[labels] + rng.normal(size=(count, FACTORS))
    metadata = rng.normal(size=(count, FIELDS))
    logits = rng.normal(size=(count, CLASSES)).astype(np.float32)
    logits[np.arange(count), labels] += 4.2
    for name in range(0, CLASSES, 10):
        rows = np.flatnonzero(labels == name)
        group = rows[: int(_GROUP_SHARE * len(rows))]
        factors[group, name % FACTORS] += 6
        metadata[group, name % FIELDS] += 3
        logits[group, name] -= 4.2
    spread = rng.normal(size=(FACTORS, WIDTH)).astype(np.float32) / 6
    embeddings = factors.astype(np.float32) @ spread
    embeddings += rng.normal(scale=0.5, size=embeddings.shape).astype(np.float32)
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    frame = pd.DataFrame(metadata, columns=[f"field_{number:02d}" for number in range(FIELDS)])
    return (embeddings, labels, powers / powers.sum(axis=1, keepdims=True)), frame


def measure(count: int) -> dict[str, object]:
    """Return seconds and peak memory of one call, and how much it found."""
    given, metadata = clips(count)
    splits = np.random.default_rng(1).choice(["train", "val", "test"], count, p=[0.8, 0.1, 0.1])
    start = time.perf_counter()
    found = find_insights(*given, metadata=metadata, splits=splits)
    seconds = time.perf_counter() - start
    kinds = Counter(each.kind for each in found)
    failing = [each for each in found if each.kind == "low_performance"]
    explained = [
        each
        for each in failing
        if each.causes and each.causes[0].field == f"field_{int(each.class_name) % FIELDS:02d}"
    ]
    return {
        "clips": count,
        "seconds": round(seconds, 1),
        "peak_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
        "insights": dict(kinds),
        "failing_groups_with_their_field_first": len(explained),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure every size and print how the seconds grow."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.insight_cost", description=__doc__)
    parser.add_argument("--clips", type=int, nargs="+", default=[5_000, 15_000, 50_000])
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--json", type=Path, help="write all rows to this file")
    options = parser.parse_args(arguments)
    if options.one:
        print(json.dumps(measure(options.one)))
        return
    rows = []
    for count in options.clips:
        command = [sys.executable, "-m", "benchmarks.insight_cost", "--one", str(count)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
        rows.append(json.loads(done.stdout.splitlines()[-1]))
        print(rows[-1], flush=True)
    if len(rows) > 1:
        sizes, seconds = ([np.log(row[name]) for row in rows] for name in ("clips", "seconds"))
        print(f"seconds grow as clips to the power of {np.polyfit(sizes, seconds, 1)[0]:.2f}")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
