"""The choice of the model's layers for the embedding: `python -m benchmarks.taps`.

Every choice is scored on demo libraries in two ways: the share of a clip's ten nearest neighbours
in the latent space that have its label, and how many of the planted faults the insights find.
Results: `docs/explanation/ingest.md`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.demo_recovery import (
    CACHE,
    Rows,
    Taps,
    demo_model,
    fit,
    library_rows,
    recover,
    seeds_in,
)
from insight_dagster.analysis.numerics.neighbours import nearest_others
from insight_dagster.tables.arrays import matrix_of

NEIGHBOURS = 10


@dataclass(frozen=True)
class Figure:
    """The scores of a choice of layers on one library.

    Attributes:
        taps: names of the layers.
        seed: seed of the library.
        purity: share of the nearest neighbours with the same label.
        recall, precision: means over the planted faults that are groups of clips.
        not_planted: number of insights that match no planted fault.
    """

    taps: str
    seed: int
    purity: float
    recall: float
    precision: float
    not_planted: int


def choices(taps: Taps) -> list[tuple[str, ...]]:
    """Return every choice of layers, single layers first."""
    names = [name for name, _ in taps]
    return [chosen for size in range(1, len(names) + 1) for chosen in combinations(names, size)]


def with_taps(rows: Rows, taps: Taps, chosen: Sequence[str]) -> tuple[Rows, Taps]:
    """Return the rows with embeddings of these layers only, and the layers with their widths."""
    ends = np.cumsum([width for _, width in taps])
    vectors = matrix_of(rows.embeddings, "embedding")
    parts = [
        vectors[:, end - width : end]
        for (name, width), end in zip(taps, ends, strict=True)
        if name in chosen
    ]
    left = np.ascontiguousarray(np.concatenate(parts, axis=1), np.float32)
    column = pa.FixedSizeListArray.from_arrays(pa.array(left.ravel()), left.shape[1])
    index = rows.embeddings.column_names.index("embedding")
    embeddings = rows.embeddings.set_column(index, "embedding", column)
    return replace(rows, embeddings=embeddings), [each for each in taps if each[0] in chosen]


def purity(rows: Rows, taps: Taps) -> float:
    """Return the share of nearest neighbours in the latent space that have the same label."""
    ids = rows.embeddings["clip_id"].to_pylist()
    points = fit(rows, taps).locate(ids, matrix_of(rows.embeddings, "embedding"))[0]
    labels = np.array(rows.embeddings["class_name"].to_pylist())
    around = nearest_others(points, k=NEIGHBOURS).indices
    return float((labels[around] == labels[:, None]).mean())


def main(arguments: Sequence[str] | None = None) -> None:
    """Score every choice on every seed and print the means."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.taps", description=__doc__)
    parser.add_argument(
        "--seeds", type=seeds_in, default=seeds_in("5-9"), help="one or a range: 5-9"
    )
    parser.add_argument("--clips-per-class", type=int, default=80)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    model, figures = demo_model(), []
    for seed in options.seeds:
        whole = library_rows(
            seed, clips_per_class=options.clips_per_class, model=model, cache=CACHE
        )
        for chosen in choices(model.taps):
            rows, taps = with_taps(whole, model.taps, chosen)
            result = recover(rows, model, taps=taps)
            faults = [each for each in result["faults"].values() if "recall" in each]
            means = [np.mean([each[w] or 0.0 for each in faults]) for w in ("recall", "precision")]
            extra = sum(each["planted_fault"] is None for each in result["insights"])
            figures.append(
                Figure(" + ".join(chosen), seed, purity(rows, taps), *map(float, means), extra)
            )
            print(figures[-1], flush=True)
    print(f"{'taps':40s} purity  recall  precision  not planted")
    for name in dict.fromkeys(each.taps for each in figures):
        of = [each for each in figures if each.taps == name]
        means = [
            np.mean([getattr(each, what) for each in of])
            for what in ("purity", "recall", "precision", "not_planted")
        ]
        print(f"{name:40s} {means[0]:6.3f} {means[1]:7.2f} {means[2]:10.2f} {means[3]:12.1f}")
    if options.json:
        options.json.write_text(json.dumps([asdict(each) for each in figures], indent=1) + "\n")


if __name__ == "__main__":
    main()
