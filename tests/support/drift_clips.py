"""Scored clips drawn from a simple model, with or without a fault."""

from __future__ import annotations

import numpy as np

from insight_dagster.analysis.drift import ScoredClips


def scored(
    rng: np.random.Generator,
    clips: int,
    *,
    prefix: str = "clip",
    strata: tuple[str, ...] = ("train", "test"),
    margin: float = 2.0,
) -> ScoredClips:
    """Return clips of two-class logits with normal margins; a smaller mean makes them harder."""
    margins = rng.normal(margin, 2.0, clips)
    loss = np.logaddexp(0, -margins)
    own = np.exp(-loss)
    return ScoredClips(
        clip_ids=np.array([f"{prefix}{number:04d}" for number in range(clips)], dtype=str),
        strata=rng.choice(strata, clips),
        correct=(margins > 0).astype(float),
        loss=loss,
        confidence=np.maximum(own, 1 - own),
    )


def joined(*parts: ScoredClips) -> ScoredClips:
    """Return several sets of clips as one."""
    names = ("clip_ids", "strata", "correct", "loss", "confidence")
    return ScoredClips(*(np.concatenate([getattr(each, n) for each in parts]) for n in names))


def turned_wrong(clips: ScoredClips, count: int) -> ScoredClips:
    """Return the clips with the first `count` correct ones turned wrong, at 3 nat more loss."""
    rows = np.flatnonzero(clips.correct == 1)[:count]
    correct, loss = clips.correct.copy(), clips.loss.copy()
    correct[rows] = 0
    loss[rows] += 3
    return ScoredClips(clips.clip_ids, clips.strata, correct, loss, clips.confidence)
