"""Groups that validation and test hold and training hardly does.

The definition of this kind belongs here: statistic, smallest effect, wording.
"""

from __future__ import annotations

from insight_dagster.analysis.insights.candidates.views import Search
from insight_dagster.analysis.insights.finding import Question
from insight_dagster.analysis.insights.kinds import contrasts, share_ratio

KIND = "under_represented"
SMALLEST_RATIO = 2.0


def find(search: Search) -> list[Question]:
    """Groups with more held-out clips than the classes of their clips let expect.

    Candidates have not seen the splits; splits are shuffled within classes (`scan`), so that a
    class which is split otherwise than the rest is none. A class without training clips has no
    strata to compare and cannot stand out.
    """
    contrast = contrasts.training_against_held_out(search.clips)
    return share_ratio.ask(
        search,
        contrast,
        kind=KIND,
        population="all",
        smallest=SMALLEST_RATIO,
        action="Collect training clips like these; the list names the held-out clips that stand "
        "for what is missing.",
    )
