"""All insights of a library: the tests of every kind, corrected together and ranked.

Running an analysis from clip table to insights belongs here; the kinds (`kinds`), their correction
(`ranking`) and the layout of the tables (`rows`) do not.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from functools import cached_property

from threadpoolctl import threadpool_limits

from insight_dagster.analysis.insights.candidates.views import ClipViews
from insight_dagster.analysis.insights.causes.explain import explain
from insight_dagster.analysis.insights.clip_table import ClipTable
from insight_dagster.analysis.insights.kinds.registry import run_tests
from insight_dagster.analysis.insights.ranking import Ranked, rank
from insight_dagster.analysis.insights.rows import InsightSet, insight_of
from insight_dagster.errors import UnknownClassError
from insight_dagster.tables.insights import Cause


@dataclass(frozen=True)
class Discovery:
    """The insights of a library, most severe first.

    Attributes:
        clips: sorted by id; rows of the findings refer to it.
        ranked: the insights.
        skipped: by the name of a test that was not run, the reason.
        seed: of every permutation and bootstrap.
        fdr: largest q-value of an insight and of a cause.
    """

    clips: ClipTable
    ranked: tuple[Ranked, ...]
    skipped: Mapping[str, str]
    seed: int
    fdr: float

    @cached_property
    def causes(self) -> list[list[Cause]]:
        """Causes of each insight, strongest first."""
        insights = [(each.insight_id, each.finding) for each in self.ranked]
        return explain(insights, self.clips, seed=self.seed, fdr=self.fdr)

    def skipped_for(self, class_name: str) -> list[str]:
        """List the tests of a class, or of all classes, that were not run, with the reason."""
        classes = set(self.clips.classes)
        return [
            f"{test}: {reason}"
            for test, reason in self.skipped.items()
            if _concerns(test, class_name, classes)
        ]

    def of_class(
        self, class_name: str, *, model_fingerprint: str = "", space_id: str = ""
    ) -> InsightSet:
        """Return the insights that belong to one class.

        Args:
            class_name: a class with clips.
            model_fingerprint: model behind the clips' predictions, stored with the insights.
            space_id: latent space of the clips' coordinates, stored with the insights.

        Raises:
            UnknownClassError: no clip has that label.
        """
        if class_name not in self.clips.classes:
            known = ", ".join(self.clips.classes) or "none"
            raise UnknownClassError(
                f"no clip is labelled {class_name!r}; classes with clips: {known}"
            )
        return InsightSet(
            tuple(
                insight_of(
                    each,
                    causes,
                    self.clips,
                    model_fingerprint=model_fingerprint,
                    space_id=space_id,
                )
                for each, causes in zip(self.ranked, self.causes, strict=True)
                if each.finding.class_name == class_name
            )
        )


def _concerns(test: str, class_name: str, classes: Set[str]) -> bool:
    """Return whether a test is of this class, or of no single class."""
    _, _, tested = test.partition("/")
    return tested == class_name or tested not in classes


def discover(clips: ClipTable, *, seed: int = 0, fdr: float = 0.05) -> Discovery:
    """Find the insights of all classes, whatever the row order.

    Definitions, null models and thresholds: `docs/explanation/insights.md`.

    Args:
        clips: clips of all classes.
        seed: of every permutation and bootstrap.
        fdr: largest q-value of an insight, over all tests of the run.
    """
    clips = clips.sorted_by_id()
    if not len(clips):
        return Discovery(clips, (), {"all": "there are no clips"}, seed, fdr)
    # Thousands of small products: threads would wait for one another longer than they compute.
    with threadpool_limits(1):
        tests = run_tests(ClipViews(clips, seed))
        ranked = rank([each for each in tests if not each.skipped], clips, fdr=fdr)
    skipped = {each.name: each.skipped for each in tests if each.skipped}
    return Discovery(clips, tuple(ranked), skipped, seed, fdr)
