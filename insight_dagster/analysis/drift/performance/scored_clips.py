"""What drift is measured on: how the model did on every clip of one night.

Shapes, ranges and row selection belong here; comparing two nights does not.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np


@dataclass(frozen=True)
class ScoredClips:
    """Aligned arrays over n clips; clips whose label the model does not know are left out.

    Attributes:
        clip_ids: (n,) str, all different.
        strata: (n,) str group that new clips are compared within: the split, or class and split.
        correct: (n,) float, 1 right, 0 wrong.
        loss: (n,) float cross entropy of the own label in nat.
        confidence: (n,) float probability of the predicted label, 0..1.

    Raises:
        ValueError: lengths differ, an id repeats, or a value is out of its range.
    """

    clip_ids: np.ndarray
    strata: np.ndarray
    correct: np.ndarray
    loss: np.ndarray
    confidence: np.ndarray

    def __post_init__(self) -> None:
        for name in ("clip_ids", "strata"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), dtype=str))
        for name in ("correct", "loss", "confidence"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), dtype=np.float64))
        shapes = {each.name: getattr(self, each.name).shape for each in fields(self)}
        if set(shapes.values()) != {(len(self.clip_ids),)}:
            raise ValueError(f"scored clips need one value a clip in every array, got {shapes}")
        if len(np.unique(self.clip_ids)) != len(self.clip_ids):
            raise ValueError("clip ids repeat; scored clips take every clip once")
        self._check_values()

    def _check_values(self) -> None:
        if not np.isin(self.correct, (0.0, 1.0)).all():
            raise ValueError("correct must be 0 or 1; leave out clips whose label is unknown")
        if not np.isfinite(self.loss).all():
            raise ValueError("loss must be finite; leave out clips whose label is unknown")
        if not ((self.confidence >= 0) & (self.confidence <= 1)).all():
            raise ValueError("confidence must lie between 0 and 1")

    def __len__(self) -> int:
        return len(self.clip_ids)

    def take(self, rows: np.ndarray) -> ScoredClips:
        """The scores of some rows (indices or mask), in that order."""
        return ScoredClips(**{each.name: getattr(self, each.name)[rows] for each in fields(self)})

    def sorted_by_id(self) -> ScoredClips:
        """The same clips in the order of their ids: what follows cannot depend on the row order."""
        return self.take(np.argsort(self.clip_ids, kind="stable"))
