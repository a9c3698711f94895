"""Groups whose share or performance differs between two sides that the user names.

The definition of this kind belongs here: which contrasts, smallest effects, wording.
"""

from __future__ import annotations

import numpy as np

from insight_dagster.analysis.insights.candidates.views import Search
from insight_dagster.analysis.insights.finding import Question
from insight_dagster.analysis.insights.kinds import loss_gap, share_ratio
from insight_dagster.analysis.insights.kinds.contrasts import Contrast

KIND = "shift"
SMALLEST_RATIO = 2.0
SMALLEST_GAP = 0.5
_SHARES = "Find out what brought the change, and whether the new side is what the model will meet."
_LOSSES = "Find out what changed for these clips: source, recording, labels or the model's data."


def find(search: Search) -> list[Question]:
    """For every contrast of the clip table, in both directions: shares and losses that differ."""
    questions: list[Question] = []
    for name, side in sorted(search.clips.contrasts.items()):
        known = ~np.isnan(side)
        rows = np.flatnonzero(known)
        contrast = Contrast(rows, side[rows] > 0, f"not {name}", name)
        for each in (contrast, contrast.turned()):
            questions += share_ratio.ask(
                search, each, kind=KIND, population=name, smallest=SMALLEST_RATIO, action=_SHARES
            )
            questions += loss_gap.ask(
                search, each, kind=KIND, population=name, smallest=SMALLEST_GAP, action=_LOSSES
            )
    return questions
