"""The recipe of the demo model: every number that decides its weights, besides the clips.

Running it belongs to `training`; the clips are rendered by `demo.library`.
"""

from __future__ import annotations

from dataclasses import dataclass

from insight_dagster.demo.library.clip_plan import FaultShares

SCREENED = FaultShares(title_card=0.0, leak=0.0, duplicate=0.0, corrupt=0.0)
"""The training set was screened for cards, copies and broken files, but not for wrong labels."""


@dataclass(frozen=True)
class Stage:
    """A part of the schedule: epochs at one image side, from `peak_rate` down to near zero."""

    side: int
    epochs: int
    peak_rate: float


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the weights, besides the clips."""

    seed: int = 1000
    clips_per_class: int = 140
    batch_size: int = 16
    weight_decay: float = 0.05
    label_smoothing: float = 0.05
    # Coarse pictures first: a third of the cost per step, and most of what there is to learn.
    stages: tuple[Stage, ...] = (Stage(64, 16, 3e-3), Stage(112, 4, 8e-4))
