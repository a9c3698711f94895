"""Groups that the model does worse on than on the rest of their population.

The definition of this kind belongs here: statistic, smallest effect, wording. Candidate groups and
the tests of many at once are in `candidates`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from insight_dagster.analysis.insights import populations
from insight_dagster.analysis.insights.candidates import error_mixture, rules
from insight_dagster.analysis.insights.candidates.group_statistics import (
    GroupStatistics,
    group_statistics,
)
from insight_dagster.analysis.insights.candidates.groups import SelectedGroup
from insight_dagster.analysis.insights.candidates.max_t_scan import scan
from insight_dagster.analysis.insights.candidates.mixture import Evidence, leading_dimensions
from insight_dagster.analysis.insights.candidates.soft_membership import soft_members
from insight_dagster.analysis.insights.candidates.views import ClipViews, Family, leading_class
from insight_dagster.analysis.insights.clip_table import ClipTable
from insight_dagster.analysis.insights.finding import Finding, KindTest
from insight_dagster.analysis.insights.phrases import clips_of
from insight_dagster.analysis.insights.populations import Population
from insight_dagster.analysis.numerics.intervals import mean_difference

KIND = "low_performance"
SMALLEST_EXCESS = 0.3
MIXTURE, RULES = "mixture", "rules"


@dataclass(frozen=True)
class _Scope:
    """The clips of a population that have a loss, with what groups of them are tested by.

    Attributes:
        views: views of all clips.
        population: whose clips are tested.
        rows: (m,) rows of its clips with a known loss.
        outcomes: their errors (flags) and losses (scores).
        evidence: their places, classes and outcomes.
    """

    views: ClipViews
    population: Population
    rows: np.ndarray
    outcomes: GroupStatistics
    evidence: Evidence

    @property
    def name(self) -> str:
        """First two parts of the names of the tests."""
        return f"{KIND}/{self.population.name}"

    def soft(
        self, generator: str, groups: Sequence[np.ndarray], rng: np.random.Generator
    ) -> list[np.ndarray]:
        """Return the scores of all clips for groups whose members are known."""
        points = self.views.points(generator, self.rows)
        return soft_members(self.evidence, points, list(groups), rng)


def run_tests(views: ClipViews) -> list[KindTest]:
    """Find groups that fail more than the rest of their population, one test per generator.

    Groups proposed without looking at losses are scanned under shuffling within classes (within
    the whole population, where it says so). Components of an error-aware mixture and rules are
    compared with the same search on shuffled outcomes. So the p-values account for the number of
    groups that were looked at.
    """
    return [test for population in views.clips.populations for test in _tests_of(views, population)]


def _tests_of(views: ClipViews, population: Population) -> list[KindTest]:
    clips = views.clips
    rows = np.flatnonzero(clips.in_population(population.name) & ~np.isnan(clips.loss))
    if len(rows) < populations.FEWEST_CLIPS:
        reason = f"{len(rows)} of the {populations.FEWEST_CLIPS} clips with a known loss needed"
        return [KindTest(f"{KIND}/{population.name}", skipped=reason)]
    strata = clips.labels[rows] if population.within_class else np.full(len(rows), "")
    outcomes = group_statistics(1 - clips.correct[rows], clips.loss[rows], strata)
    scope = _Scope(views, population, rows, outcomes, _evidence(clips, rows, outcomes))
    families = [_family_test(scope, family) for family in views.families_over(rows)]
    return [*families, _mixture_test(scope), _rules_test(scope)]


def _family_test(scope: _Scope, family: Family) -> KindTest:
    """Scan the groups of one origin, proposed without looking at losses."""
    name = f"{scope.name}/{family.name}"
    selected = scan(family, scope.outcomes, scope.views.rng(name))
    members = [each.members for each in selected]
    soft = scope.soft(family.name, members, scope.views.rng(scope.name))
    findings = [
        _describe(scope, each, family.name, scores)
        for each, scores in zip(selected, soft, strict=True)
    ]
    return KindTest(name, tuple(findings))


def _mixture_test(scope: _Scope) -> KindTest:
    """Search the components of a mixture of places, classes and outcomes."""
    name = f"{scope.name}/{MIXTURE}"
    reason = error_mixture.why_skipped(scope.outcomes)
    if reason:
        return KindTest(name, skipped=reason)
    rng = scope.views.rng(name)
    findings = [
        _describe(scope, each, MIXTURE, each.scores)
        for each in error_mixture.failing_components(scope.evidence, scope.outcomes, rng)
    ]
    return KindTest(name, tuple(findings))


def _rules_test(scope: _Scope) -> KindTest:
    """Search short rules over the metadata."""
    name, conditions = f"{scope.name}/{RULES}", scope.views.conditions_of(scope.rows)
    reason = rules.why_skipped(conditions, scope.outcomes)
    if reason:
        return KindTest(name, skipped=reason)
    rng = scope.views.rng(name)
    found = rules.failing_rules(conditions, scope.outcomes, rng)
    soft = scope.soft(RULES, [each.members for each in found], rng)
    findings = [
        _describe(scope, each, RULES, scores, rule=each.text)
        for each, scores in zip(found, soft, strict=True)
    ]
    return KindTest(name, tuple(findings))


def _evidence(clips: ClipTable, rows: np.ndarray, outcomes: GroupStatistics) -> Evidence:
    """Return places, classes and outcomes: right, or which class a clip was taken for.

    Where all clips are right, or all wrong, losses above the median stand for errors.
    """
    dimensions = leading_dimensions(len(rows), clips.coordinates.shape[1])
    names, classes = np.unique(clips.labels[rows], return_inverse=True)
    taken_for = np.unique(clips.predicted[rows], return_inverse=True)[1].ravel()
    outcome = np.where(outcomes.flagged > 0, 1 + taken_for, 0)
    if not np.ptp(outcomes.flagged):
        outcome = (outcomes.score > np.median(outcomes.score)).astype(np.int64)
    return Evidence(
        points=clips.coordinates[rows, :dimensions],
        classes=classes.ravel(),
        outcome=outcome,
        kinds=(len(names), int(outcome.max()) + 1),
    )


def _describe(
    scope: _Scope, selected: SelectedGroup, generator: str, soft: np.ndarray, rule: str = ""
) -> Finding:
    clips, population, rows = scope.views.clips, scope.population, scope.rows
    inside = np.zeros(len(rows), bool)
    inside[selected.members] = True
    group, rest = rows[inside], rows[~inside]
    excess = mean_difference(clips.loss[group], clips.loss[rest])
    scores = np.zeros(len(clips), np.float32)
    scores[rows] = soft
    return Finding(
        kind=KIND,
        population=population.name,
        rows=group,
        weights=np.clip(soft[inside], 0.5, 1.0).astype(np.float64),
        effect_name="mean loss above the rest of the population (nat)",
        effect=excess.estimate,
        ci_low=excess.low,
        ci_high=excess.high,
        p_value=selected.p_value,
        strength=max(0.0, excess.estimate) / (1 + max(0.0, excess.estimate)),
        relevant=excess.estimate >= SMALLEST_EXCESS,
        sentence=_sentence(clips, population, group, rest, rule),
        action="Look at the examples and the causes; fix or remove unusable clips, collect more "
        "training clips like the others.",
        class_name=leading_class(clips.labels[group]),
        found_by=(generator,),
        scores=scores,
    )


def _sentence(
    clips: ClipTable, population: Population, group: np.ndarray, rest: np.ndarray, rule: str
) -> str:
    whose = "" if population == populations.ALL else f" of the {population.description}"
    right, right_rest = clips.correct[group].mean(), clips.correct[rest].mean()
    accuracy = f" and accuracy {right:.0%} against {right_rest:.0%}" if right != right_rest else ""
    return (
        f"{clips_of(clips.labels[group].tolist(), rule=rule)} have mean loss "
        f"{clips.loss[group].mean():.2f} against {clips.loss[rest].mean():.2f} in the rest"
        f"{whose}{accuracy}."
    )
