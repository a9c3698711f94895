"""The recipe of the demo model: all numbers that determine its weights.

Training (`training`) and rendering the clips (`demo.library`) do not belong here.
"""

from __future__ import annotations

from dataclasses import dataclass

from insight_dagster.demo.library.fault_shares import FaultShares

SCREENED = FaultShares(title_card=0.0, leak=0.0, duplicate=0.0, corrupt=0.0)
"""The training set has no title cards, copies or damaged files, but wrong labels."""


@dataclass(frozen=True)
class Stage:
    """A part of the training schedule with one frame size.

    Attributes:
        side: side of the square frames in pixels.
        epochs: number of epochs.
        peak_rate: peak learning rate of the one-cycle schedule.
    """

    side: int
    epochs: int
    peak_rate: float


@dataclass(frozen=True)
class Recipe:
    """The hyperparameters of the training.

    Attributes:
        seed: seed of the clips and of the training.
        clips_per_class: number of clips per class.
        batch_size: clips per training step.
        weight_decay: weight decay of AdamW.
        label_smoothing: label smoothing of the cross-entropy loss.
        stages: parts of the schedule, in order.
    """

    seed: int = 1000
    clips_per_class: int = 140
    batch_size: int = 16
    weight_decay: float = 0.05
    label_smoothing: float = 0.05
    # Small frames first: they cost a third per step, and most can be learned from them.
    stages: tuple[Stage, ...] = (Stage(64, 16, 3e-3), Stage(112, 4, 8e-4))
