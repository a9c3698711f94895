"""All insights of a library: every kind is asked, the answers corrected together and ranked.

The order of the kinds belongs here; each kind's definition has its own module.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from threadpoolctl import threadpool_limits

from insight_dagster.analysis.insights.candidates.views import Search
from insight_dagster.analysis.insights.causes.explain import explain
from insight_dagster.analysis.insights.clip_table import ClipTable
from insight_dagster.analysis.insights.finding import Question
from insight_dagster.analysis.insights.kinds import (
    class_confusion,
    low_performance,
    mislabeled,
    near_duplicates,
    outliers,
    over_represented,
    overfitting,
    shift,
    under_represented,
)
from insight_dagster.analysis.insights.ranking import Ranked, rank
from insight_dagster.analysis.insights.rows import InsightSet, to_tables
from insight_dagster.errors import UnknownClassError

DEFINITIONS: Mapping[str, str] = {
    low_performance.KIND: low_performance.find.__doc__ or "",
    over_represented.KIND: over_represented.find.__doc__ or "",
    under_represented.KIND: under_represented.find.__doc__ or "",
    overfitting.KIND: overfitting.find.__doc__ or "",
    class_confusion.KIND: class_confusion.find.__doc__ or "",
    mislabeled.KIND: mislabeled.find.__doc__ or "",
    near_duplicates.DUPLICATE: near_duplicates.find.__doc__ or "",
    near_duplicates.LEAK: near_duplicates.find.__doc__ or "",
    outliers.KIND: outliers.find.__doc__ or "",
    shift.KIND: shift.find.__doc__ or "",
}
"""By kind of insight, how it is found, as its module says."""


@dataclass(frozen=True)
class Discovery:
    """The insights of a library, most severe first.

    Attributes:
        clips: sorted by id; rows of the findings refer to it.
        ranked: the insights.
        unasked: by the name of a question, why the clips could not be asked.
        seed: of every permutation and bootstrap.
        fdr: largest q-value of an insight and of a cause.
    """

    clips: ClipTable
    ranked: tuple[Ranked, ...]
    unasked: Mapping[str, str]
    seed: int
    fdr: float

    @cached_property
    def causes(self) -> list[list[dict[str, Any]]]:
        """Causes of each insight, strongest first, as rows of `insight_causes`."""
        insights = [(each.insight_id, each.finding) for each in self.ranked]
        return explain(insights, self.clips, seed=self.seed, fdr=self.fdr)

    def unasked_of(self, class_name: str) -> list[str]:
        """What could not be asked of a class, or of the library, and why: one line each."""
        classes = set(self.clips.classes)
        return [
            f"{question}: {reason}"
            for question, reason in self.unasked.items()
            if _concerns(question, class_name, classes)
        ]

    def of_class(
        self, class_name: str, *, model_fingerprint: str = "", space_id: str = ""
    ) -> InsightSet:
        """The insights that belong to one class, as rows of the tables.

        Args:
            class_name: a class with clips.
            model_fingerprint: origin of the clips' predictions, copied into the rows.
            space_id: origin of the clips' coordinates, copied into the rows.

        Raises:
            UnknownClassError: no clip is labelled so.
        """
        if class_name not in self.clips.classes:
            known = ", ".join(self.clips.classes) or "none"
            raise UnknownClassError(
                f"no clip is labelled {class_name!r}; classes with clips: {known}"
            )
        own = [
            (each, causes)
            for each, causes in zip(self.ranked, self.causes, strict=True)
            if each.finding.class_name == class_name
        ]
        return to_tables(
            own,
            self.clips,
            class_name=class_name,
            model_fingerprint=model_fingerprint,
            space_id=space_id,
        )


def _concerns(question: str, class_name: str, classes: Set[str]) -> bool:
    """Whether a question is about this class, or about none of the classes."""
    _, _, asked_of = question.partition("/")
    return asked_of == class_name or asked_of not in classes


def discover(clips: ClipTable, *, seed: int = 0, fdr: float = 0.05) -> Discovery:
    """The insights of all classes; the row order does not matter.

    Definitions, null models and thresholds: `docs/explanation/insights.md`.

    Args:
        clips: all classes' clips.
        seed: of every permutation and bootstrap.
        fdr: largest q-value (`statistics.selective_q` over the run's questions) of an insight.
    """
    clips = clips.sorted_by_id()
    if not len(clips):
        return Discovery(clips, (), {"all": "there are no clips"}, seed, fdr)
    # Thousands of small products: threads would wait for one another longer than they compute.
    with threadpool_limits(1):
        every = questions(Search(clips, seed))
        ranked = rank([each for each in every if not each.unasked], clips, fdr=fdr)
    unasked = {each.name: each.unasked for each in every if each.unasked}
    return Discovery(clips, tuple(ranked), unasked, seed, fdr)


def questions(search: Search) -> list[Question]:
    """What every kind answers; a question's random numbers depend on the seed and its name."""
    asked = [low_performance.find(search, each) for each in search.clips.populations]
    asked += [under_represented.find(search), overfitting.find(search), shift.find(search)]
    flat = [question for each in asked for question in each]
    flat.append(mislabeled.find(search))
    for class_name in search.clips.classes:
        flat.append(over_represented.find(search, class_name))
        flat.append(class_confusion.find(search, class_name))
        flat.append(near_duplicates.find(search, class_name))
        flat.append(outliers.find(search, class_name))
    return flat
