"""The list of all kinds of insight.

A new kind is a module of this package that defines what `KindModule` asks for, and a line in
`KINDS`: its tests then run with the others, its definition is shown by the report.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Protocol

from insight_dagster.analysis.insights.candidates.views import ClipViews
from insight_dagster.analysis.insights.finding import KindTest
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


class KindModule(Protocol):
    """What a module defines to be a kind of insight."""

    def run_tests(self, views: ClipViews) -> list[KindTest]:
        """Run the tests of the kind on all clips; its docstring is the kind's definition."""


KINDS: Mapping[str, KindModule] = {
    low_performance.KIND: low_performance,
    over_represented.KIND: over_represented,
    under_represented.KIND: under_represented,
    overfitting.KIND: overfitting,
    class_confusion.KIND: class_confusion,
    mislabeled.KIND: mislabeled,
    near_duplicates.DUPLICATE: near_duplicates,
    near_duplicates.LEAK: near_duplicates,
    outliers.KIND: outliers,
    shift.KIND: shift,
}
"""By kind of insight, the module that finds it; a module may find several kinds."""

MODULES = tuple(dict.fromkeys(KINDS.values()))

DEFINITIONS: Mapping[str, str] = {
    kind: inspect.getdoc(module.run_tests) or "" for kind, module in KINDS.items()
}
"""By kind of insight, how it is found."""


def run_tests(views: ClipViews) -> list[KindTest]:
    """Run the tests of every kind; their random numbers depend on the seed and their name alone."""
    return [test for module in MODULES for test in module.run_tests(views)]
