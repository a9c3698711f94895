"""Groups whose held-out clips do worse than their training clips, beyond what all clips show.

The definition of this kind belongs here: statistic, smallest effect, wording.
"""

from __future__ import annotations

from insight_dagster.analysis.insights.candidates.views import Search
from insight_dagster.analysis.insights.finding import Question
from insight_dagster.analysis.insights.kinds import contrasts, loss_gap

KIND = "overfitting"
SMALLEST_GAP = 0.5


def find(search: Search) -> list[Question]:
    """Groups with a larger gap between held-out and training losses than the other clips.

    Candidates have seen neither losses nor splits; losses are shuffled within class and split
    (`scan`), so that neither a hard class nor the gap that all clips share counts.
    """
    return loss_gap.ask(
        search,
        contrasts.training_against_held_out(search.clips),
        kind=KIND,
        population="all",
        smallest=SMALLEST_GAP,
        action="The model has learnt these training clips by heart: collect more that differ from "
        "one another, or augment them.",
    )
