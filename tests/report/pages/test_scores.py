"""Scores by class and split, and the confusion matrix."""

from __future__ import annotations

import pandas as pd

from insight_dagster.report.pages.scores import class_scores, confusion

CLIPS = pd.DataFrame(
    {
        "class_name": ["a", "a", "a", "b", "b"],
        "split": ["train", "train", "val", "val", "odd"],
        "predicted": ["a", "b", "z", "b", None],
        "correct": [True, False, False, True, None],
        "loss": [0.5, 1.5, 4.0, 0.25, None],
    }
)


def test_counts_of_class_and_split() -> None:
    scores = {(s["class_name"], s["split"]): s for s in class_scores(CLIPS)}
    assert scores["a", ""] == {
        "class_name": "a",
        "split": "",
        "clips": 3,
        "scored": 3,
        "right": 1,
        "mean_loss": 2,
    }
    assert (scores["b", "odd"]["scored"], scores["b", "odd"]["mean_loss"]) == (0, None)


def test_confusion_counts_labels_outside_the_library() -> None:
    matrix = confusion(CLIPS)
    assert matrix["classes"] == ["a", "b"]
    assert matrix["splits"] == ["", "train", "val"]
    assert matrix["counts"][0][0] == {"counts": [1, 1], "other": 1, "most": [["z", 1]]}
    assert matrix["counts"][1][0]["counts"] == [1, 1]


def test_of_many_classes_those_with_most_errors_are_shown() -> None:
    names = [f"class {i:02}" for i in range(40)]
    clips = pd.DataFrame(
        {
            "class_name": names * 2,
            "split": "train",
            "predicted": names + ["class 00"] * 20 + names[20:],
        }
    )
    matrix = confusion(clips)
    assert len(matrix["classes"]) == 19  # class 00 is never wrong; the last 20 neither
    assert "class 05" in matrix["classes"]
    assert matrix["left_out"] == 21
