"""`ScoredClips`: correctness, loss and confidence of clips, which drift is measured on.

Shapes, ranges and row selection belong here; comparing two sets does not (`performance_drift`).
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np


@dataclass(frozen=True)
class ScoredClips:
    """Scores of n clips as aligned arrays; clips with labels unknown to the model are left out.

    Attributes:
        clip_ids: (n,) str, unique.
        strata: (n,) str group that new clips are compared within: the split, or class and split.
        correct: (n,) float, 1 correct, 0 wrong.
        loss: (n,) float cross entropy of the true label in nat.
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
            raise ValueError(
                f"scored clips need one value per clip in every array, got shapes {shapes}"
            )
        if len(np.unique(self.clip_ids)) != len(self.clip_ids):
            raise ValueError(
                f"clip ids repeat: only {len(np.unique(self.clip_ids))} of {len(self.clip_ids)} "
                "differ; pass each clip once"
            )
        self._check_values()

    def _check_values(self) -> None:
        if not np.isin(self.correct, (0.0, 1.0)).all():
            raise ValueError("`correct` must be 0 or 1; leave out clips whose label is unknown")
        if not np.isfinite(self.loss).all():
            raise ValueError("`loss` must be finite; leave out clips whose label is unknown")
        if not ((self.confidence >= 0) & (self.confidence <= 1)).all():
            raise ValueError(
                f"`confidence` must lie between 0 and 1, got {self.confidence.min()} to "
                f"{self.confidence.max()}"
            )

    def __len__(self) -> int:
        return len(self.clip_ids)

    def take(self, rows: np.ndarray) -> ScoredClips:
        """Return the scores of some rows (indices or mask), in that order."""
        return ScoredClips(**{each.name: getattr(self, each.name)[rows] for each in fields(self)})

    def sorted_by_id(self) -> ScoredClips:
        """Return the clips sorted by id, so that results do not depend on the row order."""
        return self.take(np.argsort(self.clip_ids, kind="stable"))
