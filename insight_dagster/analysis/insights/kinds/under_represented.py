"""Groups that are common in validation and test and rare in training.

The definition of this kind belongs here: statistic, smallest effect, wording.
"""

from __future__ import annotations

from insight_dagster.analysis.insights.candidates.views import ClipViews
from insight_dagster.analysis.insights.finding import KindTest
from insight_dagster.analysis.insights.kinds.contrasts import training_against_held_out
from insight_dagster.analysis.insights.kinds.share_ratio import share_ratio_test
from insight_dagster.analysis.insights.populations import ALL

KIND = "under_represented"
SMALLEST_RATIO = 2.0


def run_tests(views: ClipViews) -> list[KindTest]:
    """Find groups with more held-out clips than expected from their clips' classes.

    Groups are proposed without looking at splits. Splits are shuffled within classes, so that a
    class that is split differently from the rest does not count. A class without training clips
    has nothing to compare and cannot stand out.
    """
    test = share_ratio_test(
        views,
        training_against_held_out(views.clips),
        kind=KIND,
        population=ALL.name,
        smallest=SMALLEST_RATIO,
        action="Collect training clips like these; the list names the held-out clips that stand "
        "for what is missing.",
    )
    return [test]
