"""Clip tables drawn from Gaussian classes, with or without planted faults."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from insight_dagster.analysis.insights import ClipTable

NAMES = np.array(["abseil", "disc", "hoops", "rocks", "snow"])
FIELDS = [f"field_{number}" for number in range(12)]


def null_clips(*, seed: int, clips: int = 200, width: int = 20) -> ClipTable:
    """Return clips whose classes differ only in position, independent of errors and metadata."""
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
    """Return a clip table made of points, label numbers and logits."""
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
    """Return the clips with some arrays replaced."""
    return replace(clips, **arrays)


def planted_clips(*, seed: int, clips: int = 400) -> tuple[ClipTable, dict[str, np.ndarray]]:
    """Return a clip table with one fault of every kind, and the rows of each fault.

    `snow` holds a tight group, `disc` a failing group whose first four fields stand out, `abseil`
    clips are taken for `rocks`, some clips lie and score as another class than their label, and
    some repeat another clip inside a split (`duplicate`) or across (`leak`).
    """
    rng = np.random.default_rng(seed)
    label = rng.permutation(np.arange(clips) % len(NAMES))
    free = {name: list(np.flatnonzero(label == n)) for n, name in enumerate(NAMES)}
    tight, failing = take(free["snow"], 12), take(free["disc"], 14)
    confused = take(free["abseil"], 14)
    wrong = np.array([free[name].pop() for name in ("disc", "hoops", "snow", "rocks") * 2])
    truth = {"tight": tight, "failing": failing, "confused": confused, "wrong": wrong}
    shown = label.copy()
    shown[wrong] = (label[wrong] + 1) % len(NAMES)
    width = 24
    centres = rng.normal(size=(len(NAMES), width)) * 2
    points = centres[shown] + rng.normal(size=(clips, width)) * np.geomspace(1, 0.3, width)
    points[tight] = points[tight[0]] + 0.2 * rng.normal(size=(len(tight), width))
    points[confused] += 0.5 * (centres[3] - centres[0])
    metadata = rng.normal(size=(clips, len(FIELDS)))
    metadata[tight] = metadata[tight[0]] + 0.2 * rng.normal(size=(len(tight), len(FIELDS)))
    metadata[failing, :4] = 5 + 0.3 * rng.normal(size=(len(failing), 4))
    logits = rng.normal(size=(clips, len(NAMES)))
    logits[np.arange(clips), shown] += 6
    logits[failing] = 2 * rng.normal(size=(len(failing), len(NAMES)))
    logits[confused, 3] = logits[confused, 0] + 1
    signature = rng.integers(0, 255, (clips, 96)).astype(np.int16)
    split = rng.choice(["train", "val"], clips)
    for kind, splits in (("duplicate", ("train", "train")), ("leak", ("train", "val"))):
        pairs = np.array([take(free["hoops"], 2) for _ in range(4)])
        for end, name in enumerate(splits):
            split[pairs[:, end]] = name
        points[pairs[:, 1]] = points[pairs[:, 0]] + 0.03 * rng.normal(size=(4, width))
        logits[pairs[:, 1]] = logits[pairs[:, 0]]
        signature[pairs[:, 1]] = np.clip(signature[pairs[:, 0]] + 2, 0, 255)
        truth[kind] = np.sort(pairs.ravel())
    table = build(
        points=points,
        label=label,
        logits=logits,
        metadata=metadata,
        split=split,
        signature=signature.astype(np.uint8),
    )
    return table, truth


def take(rows: list[int], count: int) -> np.ndarray:
    """Remove and return the first rows of a list."""
    taken, rows[:] = rows[:count], rows[count:]
    return np.array(taken)
