"""Settings for `insight_quality`: embeddings, predictions and metadata with planted slices.

Slices and their strengths follow the protocol of Eyuboglu et al., ICLR 2022 (Domino): rare,
correlation and noisy-label slices, predictions drawn at random with another quality inside a slice
than outside. Embeddings are Gaussian mixtures of three difficulties, set before any engine was
scored: how far a slice's centre lies from the place in its class that it is cut out of.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

CLIPS, WIDTH, CLASSES, PLACES = 2_500, 64, 5, 3
DIFFICULTY = {"easy": 6.0, "medium": 4.0, "hard": 2.5}
"""Distance of a slice's centre from its place, in standard deviations of the place."""
ERROR_KINDS = ("rare", "correlation", "noisy_label")
OTHER_KINDS = ("over_represented", "duplicate")
_FIELDS, _GROUP = 30, 5
_KINSHIP = 0.85
_BASE_ERROR = 0.1


@dataclass(frozen=True)
class Slice:
    """A planted slice: its kind, its rows, the metadata fields that were shifted in it."""

    kind: str
    rows: np.ndarray
    causes: tuple[str, ...]

    def of(self, clips: int) -> np.ndarray:
        """Return which of the clips are in the slice: (n,) bool."""
        inside = np.zeros(clips, bool)
        inside[self.rows] = True
        return inside


@dataclass(frozen=True)
class Setting:
    """The inputs of an engine, and what was planted.

    Attributes:
        name: difficulty, kind and seed.
        difficulty, kind: of its slices; `null` where nothing is planted.
        embeddings: (n, 64) float32.
        labels: (n,) int as given to the engine.
        probabilities: (n, 5) float32.
        metadata: n rows, 30 numeric fields in groups of correlated ones and two categories.
        splits: (n,) str.
        slices: planted.
    """

    name: str
    difficulty: str
    kind: str
    embeddings: np.ndarray
    labels: np.ndarray
    probabilities: np.ndarray
    metadata: pd.DataFrame
    splits: np.ndarray
    slices: tuple[Slice, ...]


def make_setting(difficulty: str, kind: str, seed: int) -> Setting:
    """Make one setting.

    Two slices of 25 to 100 clips, each at a place of another class. Strengths are the protocol's,
    turned into error rates, as predictions are synthetic here:
    - rare: a share a of .01 to .1 of the training clips; the model errs in .8 (a = .01) to .4
      (a = .1) of the slice.
    - correlation: a correlate of strength .2 to .8 is missing; the slice is taken for one other
      class with that probability.
    - noisy_label: labels in the slice are wrong with probability .1 to .3, the upper part of the
      protocol's range, and the model predicts the true class.
    - over_represented: the slice is a tenth as wide as its place, in embedding and metadata.
    - duplicate: pairs, the second a copy with noise of a hundredth.
    Everywhere else the model errs in .1 of the clips.

    Args:
        difficulty: `easy`, `medium` or `hard`.
        kind: one of `ERROR_KINDS`, `OTHER_KINDS` or `null`.
        seed: of everything.
    """
    rng = np.random.default_rng([seed, *kind.encode(), *difficulty.encode()])
    label = rng.integers(0, CLASSES, CLIPS)
    centres = rng.normal(size=(CLASSES, WIDTH)) * 8.5 / np.sqrt(WIDTH)
    places = centres[:, None] + rng.normal(size=(CLASSES, PLACES, WIDTH)) * 3 / np.sqrt(WIDTH)
    points = places[label, rng.integers(0, PLACES, CLIPS)] + rng.normal(size=(CLIPS, WIDTH))
    fields = _fields(rng)
    slices, wrong, toward = [], rng.random(CLIPS) < _BASE_ERROR, np.full(CLIPS, -1)
    shown = label.copy()
    for number in range(0 if kind == "null" else 2):
        rows = _rows(kind, label, number, rng)
        cause = _shift(fields, rows, number, rng)
        _place(points, fields, places[number, 0], rows, DIFFICULTY[difficulty], kind, rng)
        _spoil(kind, rows, wrong, toward, shown, number, rng)
        slices.append(Slice(kind, rows, (cause,)))
    probabilities = _predictions(label, wrong, toward, rng)
    return Setting(
        name=f"{difficulty}-{kind}-{seed}",
        difficulty=difficulty,
        kind=kind,
        embeddings=points.astype(np.float32),
        labels=shown,
        probabilities=probabilities.astype(np.float32),
        metadata=_frame(fields, rng),
        splits=rng.choice(["train", "val", "test"], CLIPS, p=[0.7, 0.15, 0.15]),
        slices=tuple(slices),
    )


def _rows(kind: str, label: np.ndarray, number: int, rng: np.random.Generator) -> np.ndarray:
    of_class = np.flatnonzero(label == number)
    share = rng.uniform(0.05, 0.2)
    size = int(np.clip(share * len(of_class), 25, 100))
    if kind == "duplicate":
        size = 2 * (size // 2)
    return rng.choice(of_class, size, replace=False)


def _fields(rng: np.random.Generator) -> np.ndarray:
    """Draw normal fields, of which five at a time correlate by .72 (loading .85): (n, 30)."""
    shared = np.repeat(rng.normal(size=(CLIPS, _FIELDS // _GROUP)), _GROUP, axis=1)
    own = rng.normal(size=(CLIPS, _FIELDS))
    return _KINSHIP * shared + np.sqrt(1 - _KINSHIP**2) * own


def _shift(fields: np.ndarray, rows: np.ndarray, number: int, rng: np.random.Generator) -> str:
    """Shift one field by 1.5 to 2.5 deviations, its relatives by half of that."""
    cause = int(rng.integers(0, _FIELDS // 2)) + number * (_FIELDS // 2)
    amount = rng.uniform(1.5, 2.5) * rng.choice([-1, 1])
    group = np.arange(_FIELDS) // _GROUP == cause // _GROUP
    fields[np.ix_(rows, np.flatnonzero(group))] += amount / 2
    fields[rows, cause] += amount / 2
    return f"field_{cause:02d}"


def _place(
    points: np.ndarray,
    fields: np.ndarray,
    place: np.ndarray,
    rows: np.ndarray,
    distance: float,
    kind: str,
    rng: np.random.Generator,
) -> None:
    direction = rng.normal(size=WIDTH)
    centre = place + distance * direction / np.linalg.norm(direction)
    width = 0.1 if kind == "over_represented" else 1.0
    points[rows] = centre + width * rng.normal(size=(len(rows), WIDTH))
    if kind == "over_represented":
        fields[rows] = fields[rows].mean(axis=0) + 0.1 * (fields[rows] - fields[rows].mean(axis=0))
    if kind == "duplicate":
        first, second = rows[: len(rows) // 2], rows[len(rows) // 2 :]
        points[rows] = place + rng.normal(size=(len(rows), WIDTH))
        points[second] = points[first] + 0.01 * rng.normal(size=(len(first), WIDTH))
        fields[second] = fields[first]


def _spoil(
    kind: str,
    rows: np.ndarray,
    wrong: np.ndarray,
    toward: np.ndarray,
    shown: np.ndarray,
    number: int,
    rng: np.random.Generator,
) -> None:
    if kind == "rare":
        share = rng.uniform(0.01, 0.1)
        wrong[rows] = rng.random(len(rows)) < 0.8 - 0.4 * (share - 0.01) / 0.09
    elif kind == "correlation":
        wrong[rows] = rng.random(len(rows)) < rng.uniform(0.2, 0.8)
        toward[rows] = (number + 2) % CLASSES
    elif kind == "noisy_label":
        noisy = rows[rng.random(len(rows)) < rng.uniform(0.1, 0.3)]
        shown[noisy] = (shown[noisy] + 1) % CLASSES


def _predictions(
    label: np.ndarray, wrong: np.ndarray, toward: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return softmax-like rows; the predicted class gets a beta-distributed share above a half."""
    other = (label + rng.integers(1, CLASSES, CLIPS)) % CLASSES
    other = np.where(toward >= 0, toward, other)
    predicted = np.where(wrong, other, label)
    share = 0.5 + 0.5 * rng.beta(4, 2, CLIPS)
    rest = rng.dirichlet(np.full(CLASSES, 0.7), CLIPS) * (1 - share)[:, None]
    rest[np.arange(CLIPS), predicted] += share
    return rest


def _frame(fields: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    frame = pd.DataFrame(fields, columns=[f"field_{number:02d}" for number in range(_FIELDS)])
    frame["camera"] = rng.choice(["phone", "action", "drone"], CLIPS)
    frame["source"] = rng.choice([f"channel_{number}" for number in range(12)], CLIPS)
    return frame
