"""The drift of the first page: the tested comparisons, the worst first.

Belongs here: choosing and ordering rows of the table `drift`. Does not: tests (`analysis/drift`).
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from insight_dagster.report.pages.json_values import plain_rows
from insight_dagster.tables.status import DriftPart

MOST_ROWS = 200
_SHOWN = (
    "class_name", "part", "metric", "clips_then", "clips_now", "value_then", "value_now",
    "effect", "ci_low", "ci_high", "p_value", "adjusted_p", "psi", "direction",
)  # fmt: skip
_DISTANCES = (DriftPart.METADATA, DriftPart.EMBEDDING)
_SURE = 0.05
# Counts that other rows are made of; they compare nothing themselves.
_BOOKKEEPING = ("accuracy_by_model_change", "new_clips")


def drift_rows(drift: pd.DataFrame) -> dict[str, Any]:
    """Return tested comparisons, and how many could not be tested, JSON-ready.

    First come those that are significantly worse (or, for metadata and embeddings, different), by
    p; rows with p at most .05 are `sure`. Then come other worse ones, then the rest.
    """
    compared = drift[~drift["metric"].isin(_BOOKKEEPING) & (drift["clips_now"] > 0)]
    judged = compared["judged"].astype(bool)
    rows = compared[judged].copy()
    effect = pd.to_numeric(rows["effect"])
    p_value = pd.to_numeric(rows["adjusted_p"]).fillna(pd.to_numeric(rows["p_value"])).fillna(1.0)
    # The effects of these are distances, which have no worse side.
    distance = rows["part"].isin(_DISTANCES)
    sure = (p_value <= _SURE) & (distance | (effect > 0))
    worse = ~distance & (effect > 0)
    ordered = rows.assign(
        sure=sure, rest=2 - 2 * sure - (worse & ~sure), p=p_value, size=-effect.abs()
    )
    ordered = ordered.sort_values(
        ["rest", "p", "size", "class_name", "part", "metric"], kind="stable"
    )
    reasons = compared[~judged]["reason"].fillna("").value_counts()
    return {
        "rows": plain_rows(ordered.head(MOST_ROWS), (*_SHOWN, "sure")),
        "judged": int(judged.sum()),
        "worse": int(sure.sum()),
        "not_judged": [[str(reason), int(count)] for reason, count in reasons.head(5).items()],
        "not_judged_count": int((~judged).sum()),
    }
