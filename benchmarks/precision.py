"""The effect of engine and precision on predictions: `python -m benchmarks.precision`.

Every clip of a library is predicted by each engine in each precision and compared with torch in
float32. The defaults are the demo's trained model and a demo library.
Results: `docs/explanation/ingest.md`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from insight_dagster.analysis.clip_library import scan
from insight_dagster.analysis.clip_library.clip_manifest import manifest_rows
from insight_dagster.analysis.clip_library.pending_clips import usable_clips
from insight_dagster.analysis.embeddings.embeddings import embed_clips
from insight_dagster.analysis.model.loading import load_classifier
from insight_dagster.demo.library.make_library import make_library
from insight_dagster.demo.model.checkpoint import DEMO_CHECKPOINT
from insight_dagster.settings.model_spec import ModelSpec
from insight_dagster.tables.arrays import matrix_of

FOLDER = Path(".benchmarks/precision")
REFERENCE = ("torch", "float32")
CHOICES = (("openvino", "float32"), ("torch", "bfloat16"), ("openvino", "bfloat16"))


@dataclass(frozen=True)
class Effect:
    """The differences between a choice and torch in float32.

    Attributes:
        engine, precision: the choice.
        clips: number of clips compared.
        largest_logit_change: largest difference over clips and labels.
        of_spread: that difference relative to the mean standard deviation of a label's logit.
        top1_agreement: share of clips with the same most likely label.
        accuracy, accuracy_before: with the choice, and with torch in float32.
        embedding_cosine: smallest cosine similarity of embeddings over clips.
    """

    engine: str
    precision: str
    clips: int
    largest_logit_change: float
    of_spread: float
    top1_agreement: float
    accuracy: float
    accuracy_before: float
    embedding_cosine: float


def answers(library: Path, variant: str, weights: str, choice: tuple[str, str]) -> pa.Table:
    """Return predictions and embeddings of every clip that can be decoded, sorted by clip id."""
    engine, precision = choice
    spec = ModelSpec(
        variant=variant,
        weights=weights,
        weights_folder=FOLDER / "weights",
        device="cpu",
        engine=engine,
        precision=precision,
    )
    model = load_classifier(spec)
    scanned = scan(library)
    manifest = pa.concat_tables(
        manifest_rows(scanned.of_class(name), previous=None).table for name in scanned.classes
    )
    found = embed_clips(usable_clips(manifest, library), model)
    return found.predictions.append_column("embedding", found.embeddings["embedding"]).sort_by(
        "clip_id"
    )


def effect(before: pa.Table, after: pa.Table, choice: tuple[str, str]) -> Effect:
    """Compare the predictions of two tables."""
    assert before["clip_id"] == after["clip_id"]
    logits, changed = (matrix_of(each, "logits") for each in (before, after))
    vectors, others = (matrix_of(each, "embedding") for each in (before, after))
    lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(others, axis=1)
    change = float(np.abs(logits - changed).max())
    same = logits.argmax(axis=1) == changed.argmax(axis=1)
    right = (np.array(each["correct"].to_pylist(), float) for each in (after, before))
    accuracy, accuracy_before = (float(np.nanmean(each)) for each in right)
    return Effect(
        *choice,
        clips=len(logits),
        largest_logit_change=round(change, 5),
        of_spread=round(change / float(logits.std(axis=0).mean()), 5),
        top1_agreement=round(float(same.mean()), 4),
        accuracy=round(accuracy, 4),
        accuracy_before=round(accuracy_before, 4),
        embedding_cosine=round(float(((vectors * others).sum(axis=1) / lengths).min()), 6),
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--library", type=Path, help="of clips; default: a demo library")
    parser.add_argument("--variant", default="demo")
    parser.add_argument("--weights", default=str(DEMO_CHECKPOINT))
    parser.add_argument("--clips-per-class", type=int, default=80, help="of the demo library")
    parser.add_argument("--seed", type=int, default=5, help="of the demo library")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    library = options.library or FOLDER / f"library{options.seed}"
    if not library.is_dir():
        make_library(library, seed=options.seed, clips_per_class=options.clips_per_class)
    before = answers(library, options.variant, options.weights, REFERENCE)
    effects = [
        effect(before, answers(library, options.variant, options.weights, choice), choice)
        for choice in CHOICES
    ]
    for each in effects:
        print(json.dumps(asdict(each)))
    if options.json:
        options.json.write_text(json.dumps([asdict(each) for each in effects], indent=2) + "\n")


if __name__ == "__main__":
    main()
