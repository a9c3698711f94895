"""Populations: who is in, and what an unknown name answers."""

import numpy as np
import pytest

from insight_dagster.analysis.insights.populations import POPULATIONS, select
from insight_dagster.errors import SettingsError


def test_misclassified_train_leaves_out_other_splits_and_unknown_labels():
    splits = np.array(["train", "train", "val", "train"])
    correct = np.array([0.0, 1.0, 0.0, np.nan])
    chosen = {each.name: select(each.name, splits=splits, correct=correct) for each in POPULATIONS}
    assert chosen["all"].tolist() == [True] * 4
    assert chosen["misclassified_train"].tolist() == [True, False, False, False]


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(SettingsError, match=r"'mine'; choose one of: all, misclassified_train"):
        select("mine", splits=np.array([]), correct=np.array([]))
