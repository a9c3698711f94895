"""Named sets of clips that insights are looked for in.

Names and their definitions belong here; what is looked for in them does not (`insights/`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from insight_dagster.errors import SettingsError


@dataclass(frozen=True)
class Population:
    """A named set of clips: `sql` is its definition over manifest and predictions, for the UI."""

    name: str
    description: str
    sql: str


ALL = Population("all", "every clip", "true")
MISCLASSIFIED_TRAIN = Population(
    "misclassified_train",
    "training clips that the model gets wrong",
    "split = 'train' and not correct",
)
POPULATIONS = (ALL, MISCLASSIFIED_TRAIN)


def select(name: str, *, splits: np.ndarray, correct: np.ndarray) -> np.ndarray:
    """Which clips are in a population.

    Args:
        name: of one of `POPULATIONS`.
        splits: (n,) str.
        correct: (n,) float, 1 right, 0 wrong, NaN unknown.

    Returns:
        (n,) bool.

    Raises:
        SettingsError: no population has that name.
    """
    if name == ALL.name:
        return np.ones(len(splits), bool)
    if name == MISCLASSIFIED_TRAIN.name:
        return (np.asarray(splits) == "train") & (np.asarray(correct) == 0)
    known = ", ".join(each.name for each in POPULATIONS)
    raise SettingsError(f"there is no population {name!r}; known are {known}")
