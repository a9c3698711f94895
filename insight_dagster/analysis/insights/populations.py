"""Named sets of clips that insights are looked for in: the built-in ones.

Names and their definitions belong here; what is looked for in them does not (`insights/`). Users'
own are SQL filters of the settings file (`sql_filters`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from insight_dagster.errors import SettingsError


@dataclass(frozen=True)
class Population:
    """A named set of clips.

    Attributes:
        name: as stored in the tables.
        description: for people.
        sql: its definition over manifest and predictions, for people.
        within_class: whether a loss is held against losses of its own class alone. Among all
            clips the classes differ in difficulty, which their accuracies tell already; a set
            that was picked for its errors is small, and what its clips share is the question.
    """

    name: str
    description: str
    sql: str
    within_class: bool


ALL = Population("all", "every clip", "true", within_class=True)
MISCLASSIFIED_TRAIN = Population(
    "misclassified_train",
    "training clips that the model gets wrong",
    "split = 'train' and not correct",
    within_class=False,
)
POPULATIONS = (ALL, MISCLASSIFIED_TRAIN)
FEWEST_CLIPS = 12
"""Clips with a loss that a population needs to be looked at."""


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
