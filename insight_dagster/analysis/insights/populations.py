"""Populations: named sets of clips in which failing groups are looked for.

The built-in populations belong here; populations of the settings file are SQL filters
(`analysis.sql_filters`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from insight_dagster.errors import SettingsError
from insight_dagster.tables.status import Split


@dataclass(frozen=True)
class Population:
    """A named set of clips.

    Attributes:
        name: as stored in the tables.
        description: for people.
        sql: its definition over manifest and predictions, for people.
        within_class: whether a loss is compared with losses of the same class only. Among all
            clips, classes differ in difficulty, which their accuracies show already. A set that
            was selected for its errors is small, and the question is what its clips have in common.
    """

    name: str
    description: str
    sql: str
    within_class: bool


ALL = Population("all", "every clip", "true", within_class=True)
MISCLASSIFIED_TRAIN = Population(
    "misclassified_train",
    "training clips that the model gets wrong",
    f"split = '{Split.TRAIN}' and not correct",
    within_class=False,
)
POPULATIONS = (ALL, MISCLASSIFIED_TRAIN)
FEWEST_CLIPS = 12
"""Fewest clips with a known loss of a population that is tested."""


def select(name: str, *, splits: np.ndarray, correct: np.ndarray) -> np.ndarray:
    """Return which clips are in a built-in population.

    Args:
        name: name of one of `POPULATIONS`.
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
        return (np.asarray(splits) == Split.TRAIN) & (np.asarray(correct) == 0)
    known = ", ".join(each.name for each in POPULATIONS)
    raise SettingsError(f"there is no population {name!r}; choose one of: {known}")
