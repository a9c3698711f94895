"""The order of drift rows, and which are significant."""

from __future__ import annotations

import pandas as pd

from insight_dagster import tables
from insight_dagster.report.pages.drift_rows import drift_rows


def test_drift_rows_are_worst_first_with_counts_of_untested_ones() -> None:
    names = [f"class{number:02}" for number in range(30)]
    tested = pd.DataFrame({
        "class_name": names, "part": "total", "metric": "accuracy", "clips_now": 50,
        "effect": -0.01, "p_value": 0.5, "judged": True,
    })  # fmt: skip
    tested.loc[29, ["effect", "p_value"]] = [0.2, 1e-9]
    late = tested.head(3).assign(metric="loss", judged=False, reason="3 of the 20 needed")
    counts = tested.head(5).assign(metric="new_clips")
    drift = pd.concat([counts, tested, late]).reindex(columns=tables.DRIFT.column_names)
    shown = drift_rows(drift)
    assert shown["rows"][0]["class_name"] == "class29"
    assert (len(shown["rows"]), shown["judged"], shown["worse"]) == (30, 30, 1)
    assert shown["not_judged"] == [["3 of the 20 needed", 3]]


def test_a_distance_alone_is_not_significant_drift() -> None:
    drift = pd.DataFrame({
        "class_name": "a", "part": ["metadata", "metadata", "embedding", "total", "total"],
        "metric": ["zoom", "shake", "embedding", "loss", "accuracy"], "clips_now": 50,
        "effect": [0.3, 0.9, 0.49, 0.1, 0.2], "adjusted_p": [1, 0.001, None, None, None],
        "p_value": [0.02, 0.0001, 0.6, None, 0.01], "judged": True,
    }).reindex(columns=tables.DRIFT.column_names)  # fmt: skip
    shown = drift_rows(drift)
    assert [each["metric"] for each in shown["rows"] if each["sure"]] == ["shake", "accuracy"]
    assert shown["worse"] == 2
    assert [each["metric"] for each in shown["rows"][:3]] == ["shake", "accuracy", "loss"]
