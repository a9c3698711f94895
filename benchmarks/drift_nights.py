"""Nights to ask the drift checks about: drawn from a pool of clips, with or without a fault.

Drawing and planting belong here; the pools (`drift_pools`) and the asking (`drift_alarms`) do not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.drift_pools import DARKER_AND_BLURRIER, Pool, margins

GONE = 5
RETRAINING_NOISE = 0.12  # of the margins' deviation: about 6 % of the clips change sides
CONFIDENT = 4.0


@dataclass(frozen=True)
class Night:
    """A baseline and the night it is compared with, as rows of a pool.

    Attributes:
        pool: where the clips come from; its metadata are those of the night.
        baseline, current: rows of the baseline and of the night.
        baseline_logits, current_logits: (n, C) of the two models.
        affected: class that something was planted in, -1 = none (all classes are looked at).
    """

    pool: Pool
    baseline: np.ndarray
    current: np.ndarray
    baseline_logits: np.ndarray
    current_logits: np.ndarray
    affected: int = -1


@dataclass(frozen=True)
class Scenario:
    """A kind of night, which checks are asked, and what an alarm means.

    Attributes:
        title: in the table.
        draw: makes a night.
        performance, data: which checks are asked.
    """

    title: str
    draw: Callable[[Pool, np.random.Generator], Night]
    performance: bool = True
    data: bool = True


def draw_clips(
    pool: Pool,
    rng: np.random.Generator,
    *,
    classes: Sequence[int] | None = None,
    old: int | None = None,
    new: int | None = None,
    test_share: float | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Rows of a baseline and of the next night: some clips gone, some new, all from the pool.

    Args:
        pool: of clips.
        rng: of the draw.
        classes: to draw from; all by default.
        old: shared clips a class; about 100 by default.
        new: new clips a class; 20 to 60 by default.
        test_share: share of the test split among the new clips; the pool's by default.
    """
    baseline, current = [], []
    for name in pool.classes if classes is None else classes:
        rows = rng.permutation(np.flatnonzero(pool.labels == name))
        stay = int(rng.integers(85, 116)) if old is None else old
        fresh = int(rng.integers(20, 61)) if new is None else new
        baseline.append(rows[: stay + GONE])
        rest = rows[stay + GONE :]
        if test_share is not None:
            rest = _with_share(rest, pool.splits[rest] == "test", fresh, test_share)
        current.append(np.concatenate([rows[:stay], rest[:fresh]]))
    return np.concatenate(baseline), np.concatenate(current)


def _with_share(rows: np.ndarray, chosen: np.ndarray, count: int, share: float) -> np.ndarray:
    wanted = min(int(chosen.sum()), round(share * count))
    return np.concatenate([rows[chosen][:wanted], rows[~chosen][: count - wanted]])


def unchanged(pool: Pool, rng: np.random.Generator) -> Night:
    """The same model, new clips like the old ones."""
    return Night(pool, *draw_clips(pool, rng), pool.logits, pool.logits)


def retrained(pool: Pool, rng: np.random.Generator) -> Night:
    """Another model that is as good: both are the pool's with noise of its own."""
    models = [_noisy(pool.logits, pool, rng) for _ in range(2)]
    return Night(pool, *draw_clips(pool, rng), *models)


def other_splits(pool: Pool, rng: np.random.Generator) -> Night:
    """New clips that are mostly of the test split."""
    return Night(pool, *draw_clips(pool, rng, test_share=0.8), pool.logits, pool.logits)


def shifted_margins(pool: Pool, rng: np.random.Generator) -> Night:
    """The model is less sure of every clip of a class: 10 points of accuracy are expected lost."""
    affected, baseline, current = _one_class(pool, rng, old=100, new=40)
    rows = np.flatnonzero(pool.labels == affected)
    return Night(
        pool, baseline, current, pool.logits, _shifted(pool, rows, affected, 0.1), affected
    )


def flipped(pool: Pool, rng: np.random.Generator) -> Night:
    """One clip in ten of a class turns from right to wrong, confidently; the others stay."""
    affected, baseline, current = _one_class(pool, rng, old=100, new=40)
    logits = pool.logits.copy()
    for rows in (np.intersect1d(baseline, current), np.setdiff1d(current, baseline)):
        _flip(logits, pool.labels, rows, round(0.1 * len(rows)), rng)
    return Night(pool, baseline, current, pool.logits, logits, affected)


def retrained_shifted(pool: Pool, rng: np.random.Generator) -> Night:
    """Another model that is less sure of a class: clips are lost and won, 10 points more lost."""
    return _retrained(shifted_margins(pool, rng), rng)


def retrained_flipped(pool: Pool, rng: np.random.Generator) -> Night:
    """Another model that is confidently wrong on one clip in ten more of a class."""
    return _retrained(flipped(pool, rng), rng)


def _retrained(night: Night, rng: np.random.Generator) -> Night:
    """The night with noise of their own on both models."""
    baseline, current = (
        _noisy(logits, night.pool, rng) for logits in (night.baseline_logits, night.current_logits)
    )
    return replace(night, baseline_logits=baseline, current_logits=current)


def _noisy(logits: np.ndarray, pool: Pool, rng: np.random.Generator) -> np.ndarray:
    """The logits of a model that was trained again: with noise, and as good."""
    scale = RETRAINING_NOISE * margins(pool.logits, pool.labels).std()
    return logits + rng.normal(scale=scale, size=logits.shape)


def harder_clips(points: float) -> Callable[[Pool, np.random.Generator], Night]:
    """New clips of a class whose margins are smaller; `points` of accuracy are expected lost."""

    def draw(pool: Pool, rng: np.random.Generator) -> Night:
        affected, baseline, current = _one_class(pool, rng, old=100, new=100)
        shifted = _shifted(pool, np.setdiff1d(current, baseline), affected, points)
        return Night(pool, baseline, current, shifted, shifted, affected)

    return draw


def wrong_clips(points: float) -> Callable[[Pool, np.random.Generator], Night]:
    """New clips of a class of which `points` more are confidently wrong, the others like before."""

    def draw(pool: Pool, rng: np.random.Generator) -> Night:
        affected, baseline, current = _one_class(pool, rng, old=100, new=100)
        logits, new = pool.logits.copy(), np.setdiff1d(current, baseline)
        _flip(logits, pool.labels, new, round(points * len(new)), rng)
        return Night(pool, baseline, current, logits, logits, affected)

    return draw


def shifted_field(pool: Pool, rng: np.random.Generator) -> Night:
    """One metadata field of the new clips is 0.8 standard deviations higher."""
    affected, baseline, current = _one_class(pool, rng, old=100, new=40)
    metadata, rows = pool.metadata.copy(), pool.labels == affected
    deviations = np.nanstd(pool.metadata[rows], axis=0)
    field = rng.choice(np.flatnonzero(deviations > 0))
    metadata[np.setdiff1d(current, baseline), field] += 0.8 * deviations[field]
    return _with_metadata(pool, baseline, current, metadata, affected)


def darker_and_blurrier(pool: Pool, rng: np.random.Generator) -> Night:
    """New clips with a quarter less light and 60 % less sharpness."""
    affected, baseline, current = _one_class(pool, rng, old=100, new=40)
    metadata, new = pool.metadata.copy(), np.setdiff1d(current, baseline)
    for name, factor in DARKER_AND_BLURRIER.items():
        metadata[new, pool.fields.index(name)] *= factor
    return _with_metadata(pool, baseline, current, metadata, affected)


def foreign_clips(pool: Pool, rng: np.random.Generator) -> Night:
    """Two in five of a class's new clips have the vectors of clips of other classes."""
    affected, baseline, current = _one_class(pool, rng, old=100, new=40)
    others, vectors = np.flatnonzero(pool.labels != affected), pool.vectors.copy()
    changed = rng.permutation(np.setdiff1d(current, baseline))[:16]
    vectors[changed] = pool.vectors[rng.permutation(others)[: len(changed)]]
    return Night(
        replace(pool, vectors=vectors), baseline, current, pool.logits, pool.logits, affected
    )


def _one_class(
    pool: Pool, rng: np.random.Generator, *, old: int, new: int
) -> tuple[int, np.ndarray, np.ndarray]:
    affected = int(rng.choice(pool.classes))
    return affected, *draw_clips(pool, rng, classes=[affected], old=old, new=new)


def _shifted(pool: Pool, rows: np.ndarray, affected: int, points: float) -> np.ndarray:
    """Logits in which some clips' margins are smaller by what costs the class these points."""
    of_class = pool.labels == affected
    margin = margins(pool.logits[of_class], pool.labels[of_class])
    right = np.sort(margin[margin > 0])
    logits = pool.logits.copy()
    logits[rows, affected] -= right[min(len(right), round(points * len(margin))) - 1] + 1e-9
    return logits


def _flip(
    logits: np.ndarray, labels: np.ndarray, rows: np.ndarray, count: int, rng: np.random.Generator
) -> None:
    """Let `count` clips of these rows that are right be confidently wrong."""
    right = rows[margins(logits[rows], labels[rows]) > 0]
    for row in rng.permutation(right)[:count]:
        other = rng.choice(np.setdiff1d(np.arange(logits.shape[1]), labels[row]))
        logits[row, other] = logits[row].max() + CONFIDENT


def _with_metadata(
    pool: Pool, baseline: np.ndarray, current: np.ndarray, metadata: np.ndarray, affected: int
) -> Night:
    night = replace(pool, metadata=metadata)
    return Night(night, baseline, current, pool.logits, pool.logits, affected)


SCENARIOS = {
    "unchanged": Scenario("nothing changed", unchanged),
    "retrained": Scenario("equally good model", retrained, data=False),
    "other_splits": Scenario("new clips mostly test split", other_splits),
    "shifted_margins": Scenario("model: margins shifted, -10 points", shifted_margins, data=False),
    "flipped": Scenario("model: 10 % confidently wrong", flipped, data=False),
    "retrained_shifted": Scenario("retrained, margins -10 points", retrained_shifted, data=False),
    "retrained_flipped": Scenario("retrained, 10 % more wrong", retrained_flipped, data=False),
    "harder_10": Scenario("new clips harder, -10 points", harder_clips(0.10), data=False),
    "wrong_10": Scenario("new clips, 10 % more wrong", wrong_clips(0.10), data=False),
    "harder_25": Scenario("new clips harder, -25 points", harder_clips(0.25), data=False),
    "wrong_25": Scenario("new clips, 25 % more wrong", wrong_clips(0.25), data=False),
    "field": Scenario("one field +0.8 sd", shifted_field, performance=False),
    "darker": Scenario("darker and blurrier", darker_and_blurrier, performance=False),
    "foreign": Scenario("vectors: 40 % of other classes", foreign_clips, performance=False),
}
