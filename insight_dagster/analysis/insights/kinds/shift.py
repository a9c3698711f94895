"""Groups whose share or loss differs between two sides that the user defines.

The definition of this kind belongs here: which contrasts, smallest effects, wording.
"""

from __future__ import annotations

import numpy as np

from insight_dagster.analysis.insights.candidates.views import ClipViews
from insight_dagster.analysis.insights.finding import KindTest
from insight_dagster.analysis.insights.kinds.contrasts import Contrast
from insight_dagster.analysis.insights.kinds.loss_gap import loss_gap_test
from insight_dagster.analysis.insights.kinds.share_ratio import share_ratio_test

KIND = "shift"
SMALLEST_RATIO = 2.0
SMALLEST_GAP = 0.5
_SHARES = "Find out what brought the change, and whether the new side is what the model will meet."
_LOSSES = "Find out what changed for these clips: source, recording, labels or the model's data."


def run_tests(views: ClipViews) -> list[KindTest]:
    """Find groups whose share or loss differs between the sides of a contrast.

    Every contrast of the settings is tested in both directions.
    """
    tests: list[KindTest] = []
    for name, side in sorted(views.clips.contrasts.items()):
        known = ~np.isnan(side)
        rows = np.flatnonzero(known)
        contrast = Contrast(rows, side[rows] > 0, f"not {name}", name)
        for each in (contrast, contrast.swapped()):
            shares = share_ratio_test(
                views, each, kind=KIND, population=name, smallest=SMALLEST_RATIO, action=_SHARES
            )
            losses = loss_gap_test(
                views, each, kind=KIND, population=name, smallest=SMALLEST_GAP, action=_LOSSES
            )
            tests += [shares, losses]
    return tests
