"""Groups whose held-out clips do worse than their training clips, beyond what all clips show.

The definition of this kind belongs here: statistic, smallest effect, wording.
"""

from __future__ import annotations

from insight_dagster.analysis.insights.candidates.views import ClipViews
from insight_dagster.analysis.insights.finding import KindTest
from insight_dagster.analysis.insights.kinds.contrasts import training_against_held_out
from insight_dagster.analysis.insights.kinds.loss_gap import loss_gap_test
from insight_dagster.analysis.insights.populations import ALL

KIND = "overfitting"
SMALLEST_GAP = 0.5


def run_tests(views: ClipViews) -> list[KindTest]:
    """Find groups with a larger gap between held-out and training losses than the other clips.

    Groups are proposed without looking at losses or splits. Losses are shuffled within class and
    split, so that neither a hard class nor the gap that all clips share counts.
    """
    test = loss_gap_test(
        views,
        training_against_held_out(views.clips),
        kind=KIND,
        population=ALL.name,
        smallest=SMALLEST_GAP,
        action="The model has learnt these training clips by heart: collect more that differ from "
        "one another, or augment them.",
    )
    return [test]
