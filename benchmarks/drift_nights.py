"""Nights on which the drift checks are tried: drawn from a pool of clips, with or without a fault.

Drawing nights and planting faults belong here; the pools (`drift_pools`) and the evaluation of the
checks (`drift_alarms`) do not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.drift_pools import DARKER_AND_BLURRIER, Pool, margins

GONE = 5
RETRAINING_NOISE = 0.12  # of the margins' standard deviation: about 6 % of predictions change
CONFIDENT = 4.0


@dataclass(frozen=True)
class Night:
    """A baseline and the night it is compared with, as rows of a pool.

    Attributes:
        pool: the clips; the metadata are those of the night.
        baseline, current: rows of the baseline and of the night.
        baseline_logits, current_logits: (n, C) logits of the two models.
        affected: class with a planted fault; -1 = none, and all classes are checked.
    """

    pool: Pool
    baseline: np.ndarray
    current: np.ndarray
    baseline_logits: np.ndarray
    current_logits: np.ndarray
    affected: int = -1


@dataclass(frozen=True)
class Scenario:
    """A kind of night, and the checks that are evaluated on it.

    Attributes:
        title: row title in the table of results.
        draw: draws a night from a pool.
        performance, data: whether to evaluate performance drift and data drift.
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
    """Return the rows of a baseline and of the next night, in which clips are gone and new.

    Args:
        pool: the pool of clips.
        rng: random generator.
        classes: classes to draw from; all by default.
        old: clips per class that both share; about 100 by default.
        new: new clips per class; 20 to 60 by default.
        test_share: share of the test split among the new clips; that of the pool by default.
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
    most = min(int(chosen.sum()), round(share * count))
    return np.concatenate([rows[chosen][:most], rows[~chosen][: count - most]])


def unchanged(pool: Pool, rng: np.random.Generator) -> Night:
    """Draw a night with the same model, and new clips like the old ones."""
    return Night(pool, *draw_clips(pool, rng), pool.logits, pool.logits)


def retrained(pool: Pool, rng: np.random.Generator) -> Night:
    """Draw a night with another, equally good model: both are the pool's plus independent noise."""
    models = [_noisy(pool.logits, pool, rng) for _ in range(2)]
    return Night(pool, *draw_clips(pool, rng), *models)


def other_splits(pool: Pool, rng: np.random.Generator) -> Night:
    """Draw a night whose new clips are mostly of the test split."""
    return Night(pool, *draw_clips(pool, rng, test_share=0.8), pool.logits, pool.logits)


def shifted_margins(pool: Pool, rng: np.random.Generator) -> Night:
    """Draw a night with a model of smaller margins on one class, which cost 10 points accuracy."""
    affected, baseline, current = _one_class(pool, rng, old=100, new=40)
    rows = np.flatnonzero(pool.labels == affected)
    return Night(
        pool, baseline, current, pool.logits, _shifted(pool, rows, affected, 0.1), affected
    )


def flipped(pool: Pool, rng: np.random.Generator) -> Night:
    """Draw a night with a model that is now confidently wrong on every tenth clip of one class."""
    affected, baseline, current = _one_class(pool, rng, old=100, new=40)
    logits = pool.logits.copy()
    for rows in (np.intersect1d(baseline, current), np.setdiff1d(current, baseline)):
        _flip(logits, pool.labels, rows, round(0.1 * len(rows)), rng)
    return Night(pool, baseline, current, pool.logits, logits, affected)


def retrained_shifted(pool: Pool, rng: np.random.Generator) -> Night:
    """Draw a night with a retrained model that has smaller margins on one class."""
    return _retrained(shifted_margins(pool, rng), rng)


def retrained_flipped(pool: Pool, rng: np.random.Generator) -> Night:
    """Draw a night with a retrained model that is wrong on 10 % more clips of one class."""
    return _retrained(flipped(pool, rng), rng)


def _retrained(night: Night, rng: np.random.Generator) -> Night:
    """Return the night with independent noise on both models."""
    baseline, current = (
        _noisy(logits, night.pool, rng) for logits in (night.baseline_logits, night.current_logits)
    )
    return replace(night, baseline_logits=baseline, current_logits=current)


def _noisy(logits: np.ndarray, pool: Pool, rng: np.random.Generator) -> np.ndarray:
    """Return the logits of an equally good, retrained model: the same with noise."""
    scale = RETRAINING_NOISE * margins(pool.logits, pool.labels).std()
    return logits + rng.normal(scale=scale, size=logits.shape)


def harder_clips(points: float) -> Callable[[Pool, np.random.Generator], Night]:
    """Return a function that draws nights with harder new clips, at a cost of `points` accuracy."""

    def draw(pool: Pool, rng: np.random.Generator) -> Night:
        affected, baseline, current = _one_class(pool, rng, old=100, new=100)
        shifted = _shifted(pool, np.setdiff1d(current, baseline), affected, points)
        return Night(pool, baseline, current, shifted, shifted, affected)

    return draw


def wrong_clips(points: float) -> Callable[[Pool, np.random.Generator], Night]:
    """Return a function that draws nights with `points` more confidently wrong new clips."""

    def draw(pool: Pool, rng: np.random.Generator) -> Night:
        affected, baseline, current = _one_class(pool, rng, old=100, new=100)
        logits, new = pool.logits.copy(), np.setdiff1d(current, baseline)
        _flip(logits, pool.labels, new, round(points * len(new)), rng)
        return Night(pool, baseline, current, logits, logits, affected)

    return draw


def shifted_field(pool: Pool, rng: np.random.Generator) -> Night:
    """Draw a night whose new clips are 0.8 standard deviations higher in one metadata field."""
    affected, baseline, current = _one_class(pool, rng, old=100, new=40)
    metadata, rows = pool.metadata.copy(), pool.labels == affected
    deviations = np.nanstd(pool.metadata[rows], axis=0)
    field = rng.choice(np.flatnonzero(deviations > 0))
    metadata[np.setdiff1d(current, baseline), field] += 0.8 * deviations[field]
    return _with_metadata(pool, baseline, current, metadata, affected)


def darker_and_blurrier(pool: Pool, rng: np.random.Generator) -> Night:
    """Draw a night whose new clips are a quarter darker and 60 % less sharp."""
    affected, baseline, current = _one_class(pool, rng, old=100, new=40)
    metadata, new = pool.metadata.copy(), np.setdiff1d(current, baseline)
    for name, factor in DARKER_AND_BLURRIER.items():
        metadata[new, pool.fields.index(name)] *= factor
    return _with_metadata(pool, baseline, current, metadata, affected)


def foreign_clips(pool: Pool, rng: np.random.Generator) -> Night:
    """Draw a night in which 40 % of a class's new clips have vectors of other classes."""
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
    """Return logits with smaller margins of these rows, which cost the class `points` accuracy."""
    of_class = pool.labels == affected
    margin = margins(pool.logits[of_class], pool.labels[of_class])
    right = np.sort(margin[margin > 0])
    logits = pool.logits.copy()
    logits[rows, affected] -= right[min(len(right), round(points * len(margin))) - 1] + 1e-9
    return logits


def _flip(
    logits: np.ndarray, labels: np.ndarray, rows: np.ndarray, count: int, rng: np.random.Generator
) -> None:
    """Make `count` of these rows that are predicted correctly confidently wrong."""
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
