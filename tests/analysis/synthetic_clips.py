"""Clip tables drawn from Gaussian classes, with or without planted faults."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from insight_dagster.analysis.insights import ClipTable

NAMES = np.array(["abseil", "disc", "hoops", "rocks", "snow"])
FIELDS = [f"field_{number}" for number in range(12)]


def null_clips(*, seed: int, clips: int = 200, width: int = 20) -> ClipTable:
    """Classes that differ in place alone; errors, looks and metadata have nothing to do with it."""
    rng = np.random.default_rng(seed)
    label = rng.integers(0, len(NAMES), clips)
    centres = rng.normal(size=(len(NAMES), width)) * 2
    points = centres[label] + rng.normal(size=(clips, width)) * np.geomspace(1, 0.3, width)
    logits = rng.normal(size=(clips, len(NAMES)))
    logits[np.arange(clips), label] += 2.5
    return build(
        points=points,
        label=label,
        logits=logits,
        metadata=rng.normal(size=(clips, len(FIELDS))),
        split=rng.choice(["train", "train", "val", "test"], clips),
        signature=rng.integers(0, 255, (clips, 48)).astype(np.uint8),
    )


def build(
    *,
    points: np.ndarray,
    label: np.ndarray,
    logits: np.ndarray,
    metadata: np.ndarray,
    split: np.ndarray,
    signature: np.ndarray,
) -> ClipTable:
    """A clip table from points, label numbers and logits."""
    clips = len(points)
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities = powers / powers.sum(axis=1, keepdims=True)
    own = probabilities[np.arange(clips), label]
    centred = points - points.mean(axis=0)
    left, singular, _ = np.linalg.svd(centred, full_matrices=False)
    return ClipTable(
        clip_ids=np.array([f"{number:05d}" for number in range(clips)]),
        labels=NAMES[label],
        splits=split,
        predicted=NAMES[probabilities.argmax(axis=1)],
        probability=own,
        loss=-np.log(own),
        correct=(probabilities.argmax(axis=1) == label).astype(float),
        probabilities=probabilities,
        coordinates=left * singular,
        cluster=np.full(clips, -1),
        strength=np.zeros(clips),
        metadata=pd.DataFrame(metadata, columns=FIELDS[: metadata.shape[1]]),
        signature=signature,
        content_key=np.full(clips, ""),
        model_labels=tuple(NAMES),
    )


def with_values(clips: ClipTable, **arrays: object) -> ClipTable:
    """The same clips with some arrays replaced."""
    return replace(clips, **arrays)
