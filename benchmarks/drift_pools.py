"""Pools of clips that nights are drawn from: a synthetic one, and that of the demo libraries.

A pool holds logits, splits, metadata and latent vectors; drawing nights from it belongs to
`drift_nights`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from scipy.special import softmax

from insight_dagster.analysis.drift import ScoredClips
from insight_dagster.tables.arrays import matrix_of

DARKER_AND_BLURRIER = {
    "brightness": 0.75,
    "mean_red": 0.75,
    "mean_green": 0.75,
    "mean_blue": 0.75,
    "contrast": 0.75,
    "sharpness": 0.4,
    "total_variation": 0.6,
    "edge_density": 0.6,
}
_DIMENSIONS = 16
_WIDTH = 192
_TEST_PENALTY = 0.9
_MARGIN = 3.8
_NOISE = 1.5


@dataclass(frozen=True)
class Pool:
    """Aligned arrays over n clips.

    Attributes:
        logits: (n, C) scores before the softmax.
        labels: (n,) int, column of the true label.
        splits: (n,) str.
        metadata: (n, f) float, NaN = missing.
        fields: names of the f metadata fields.
        vectors: (n, d) latent vectors, as the model returns them.
    """

    logits: np.ndarray
    labels: np.ndarray
    splits: np.ndarray
    metadata: np.ndarray
    fields: tuple[str, ...]
    vectors: np.ndarray

    def __post_init__(self) -> None:
        lengths = {len(each) for each in (self.logits, self.labels, self.splits, self.metadata)}
        if lengths != {len(self.vectors)} or self.metadata.shape[1] != len(self.fields):
            raise ValueError(f"a pool needs aligned arrays, got {lengths} and {len(self.fields)}")

    @property
    def classes(self) -> np.ndarray:
        """The columns of the classes that clips are labelled with."""
        return np.unique(self.labels)

    def score(self, logits: np.ndarray, rows: np.ndarray, *, by_class: bool) -> ScoredClips:
        """Score some clips by logits (n, C); strata are splits, or classes and splits."""
        chances = softmax(logits[rows], axis=1)
        own = chances[np.arange(len(rows)), self.labels[rows]]
        strata = self.splits[rows]
        if by_class:
            strata = np.char.add(np.char.add(self.labels[rows].astype(str), "|"), strata)
        return ScoredClips(
            clip_ids=np.char.mod("%06d", rows),
            strata=strata,
            correct=(chances.argmax(axis=1) == self.labels[rows]).astype(float),
            loss=-np.log(np.maximum(own, 1e-12)),
            confidence=chances.max(axis=1),
        )


def margins(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the logit of the true label minus the largest other logit: (n,)."""
    others = logits.copy()
    at = np.arange(len(labels))
    others[at, labels] = -np.inf
    return logits[at, labels] - others.max(axis=1)


def synthetic_pool(seed: int, *, clips_per_class: int = 1_000, classes: int = 5) -> Pool:
    """Draw clips of a model with an accuracy of about .75, and less on the test split.

    Metadata fields are correlated through six hidden factors; some are skewed, some have missing
    values. Vectors are 192 noisy features of classes in 16 dimensions, in which hard clips lie far
    from the centre of their class.
    """
    rng = np.random.default_rng([seed, 11])
    labels = np.repeat(np.arange(classes), clips_per_class)
    count = len(labels)
    splits = rng.choice(["train", "val", "test"], count, p=[0.6, 0.1, 0.3])
    difficulty = rng.normal(size=count)
    logits = rng.normal(scale=_NOISE, size=(count, classes))
    ease = _MARGIN - difficulty - _TEST_PENALTY * (splits == "test")
    logits[np.arange(count), labels] += ease + rng.normal(scale=0.4, size=classes)[labels]
    metadata, fields = _synthetic_metadata(rng, labels, difficulty)
    centres = 2 * rng.normal(size=(classes, _DIMENSIONS))
    spread = np.geomspace(2, 0.4, _DIMENSIONS) * (1 + 0.2 * np.abs(difficulty[:, None]))
    coordinates = centres[labels] + spread * rng.normal(size=(count, _DIMENSIONS))
    vectors = coordinates @ rng.normal(size=(_DIMENSIONS, _WIDTH)) / np.sqrt(_DIMENSIONS)
    vectors += rng.normal(size=vectors.shape)
    return Pool(logits, labels, splits, metadata, fields, vectors)


def _synthetic_metadata(
    rng: np.random.Generator, labels: np.ndarray, difficulty: np.ndarray
) -> tuple[np.ndarray, tuple[str, ...]]:
    fields = (*DARKER_AND_BLURRIER, *(f"field_{number}" for number in range(9, 26)))
    factors = rng.normal(size=(len(labels), 6))
    factors[:, 0] += 0.5 * difficulty
    values = factors @ rng.normal(size=(6, len(fields))) + rng.normal(size=(len(labels), 25))
    values += 0.5 * rng.normal(size=(labels.max() + 1, len(fields)))[labels]
    values /= values.std(axis=0)
    values[:, :5] = 110 + 25 * values[:, :5]
    values[:, 5:8] = np.exp(3 + 0.6 * values[:, 5:8])
    values[:, 8:12] = np.exp(0.8 * values[:, 8:12])
    values[:, 24] = np.round(values[:, 24])
    values[rng.random(len(labels)) < 0.1, 12:14] = np.nan
    return values, fields


def demo_pool() -> Pool:
    """Return the measured clips of the demo libraries 0-4, predicted by the shipped model."""
    from benchmarks.demo_recovery import CACHE, Rows, clip_table, demo_model, fit, library_rows

    model = demo_model()
    each = [library_rows(seed, clips_per_class=80, model=model, cache=CACHE) for seed in range(5)]
    names = ("manifest", "embeddings", "predictions", "metadata")
    joined = [pa.concat_tables(getattr(rows, name) for rows in each) for name in names]
    together = Rows(*joined, truth=each[0].truth)
    clips = clip_table(together, fit(together, model.taps), model)
    fields, metadata = clips.numeric_metadata()
    order = np.argsort(together.embeddings["clip_id"].to_numpy(zero_copy_only=False).astype(str))
    labels = np.array([clips.model_labels.index(name) for name in clips.labels])
    return Pool(
        logits=np.log(np.maximum(clips.probabilities.astype(np.float64), 1e-12)),
        labels=labels,
        splits=clips.splits,
        metadata=metadata,
        fields=tuple(fields),
        vectors=matrix_of(together.embeddings, "embedding")[order],
    )
