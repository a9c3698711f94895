"""How often the model is right, by class and split, and the confusion matrix.

Belongs here: counting right and wrong clips for display. Does not: insights, and tests.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from insight_dagster.report.pages.json_values import plain
from insight_dagster.tables.status import Split

MOST_CLASSES = 30
ALL_SPLITS = ""


def class_scores(clips: pd.DataFrame) -> list[dict[str, Any]]:
    """Return clips, right predictions and mean loss of every class, by split and over all.

    Args:
        clips: rows with `class_name`, `split`, `correct` and `loss`.
    """
    if not len(clips):
        return []
    whole = clips.assign(split=ALL_SPLITS)
    groups = pd.concat([whole, clips[clips["split"] != ALL_SPLITS]])
    return [
        {
            "class_name": class_name,
            "split": split,
            "clips": len(rows),
            "scored": int(rows["correct"].notna().sum()),
            "right": int(rows["correct"].fillna(False).astype(bool).sum()),
            "mean_loss": plain(rows["loss"].astype(float).mean()),
        }
        for (class_name, split), rows in groups.groupby(["class_name", "split"])
    ]


def confusion(clips: pd.DataFrame) -> dict[str, Any]:
    """Return counts of predicted labels by class, for all clips and each split.

    Of more than 30 classes, those with most errors are shown. Labels outside the classes shown
    are counted together as `other`; `most` has the most frequent of them.
    """
    scored = clips[clips["predicted"].notna()]
    wrong = scored[scored["predicted"] != scored["class_name"]]["class_name"].value_counts()
    classes = sorted(set(scored["class_name"]))
    if len(classes) > MOST_CLASSES:
        classes = sorted(wrong.index[:MOST_CLASSES])
    splits = [ALL_SPLITS, *split_names(scored)]
    return {
        "classes": classes,
        "left_out": scored["class_name"].nunique() - len(classes),
        "splits": splits,
        "counts": [_counts(scored, classes, split) for split in splits],
    }


def split_names(clips: pd.DataFrame) -> list[str]:
    """Return the named splits of clips: train, val, test, then others by name."""
    usual = tuple(Split)
    names = set(clips["split"]) - {ALL_SPLITS}
    return [name for name in usual if name in names] + sorted(names - set(usual))


def _counts(scored: pd.DataFrame, classes: list[str], split: str) -> list[dict[str, Any]]:
    chosen = scored if split == ALL_SPLITS else scored[scored["split"] == split]
    predicted = dict(tuple(chosen.groupby("class_name")["predicted"]))
    rows = []
    for class_name in classes:
        found = predicted.get(class_name, pd.Series(dtype=str)).value_counts()
        outside = found[~found.index.isin(classes)]
        rows.append(
            {
                "counts": [int(found.get(label, 0)) for label in classes],
                "other": int(outside.sum()),
                "most": [[str(label), int(count)] for label, count in outside.head(3).items()],
            }
        )
    return rows
